/* SPDX-License-Identifier: Apache-2.0
 *
 * The resolver with a method for each operator that mcuforge supports, named as in TFLM.
 */
#ifndef TEST_MICRO_MUTABLE_OP_RESOLVER_H
#define TEST_MICRO_MUTABLE_OP_RESOLVER_H

typedef enum { kTfLiteOk = 0, kTfLiteError = 1 } TfLiteStatus;

namespace tflite {

class MicroOpResolver {
  public:
    virtual ~MicroOpResolver() {
    }
};

template <unsigned int tOpCount> class MicroMutableOpResolver : public MicroOpResolver {
  public:
    explicit MicroMutableOpResolver() {
    }
    TfLiteStatus AddAbs();
    TfLiteStatus AddAdd();
    TfLiteStatus AddAveragePool2D();
    TfLiteStatus AddConcatenation();
    TfLiteStatus AddConv2D();
    TfLiteStatus AddDepthwiseConv2D();
    TfLiteStatus AddDequantize();
    TfLiteStatus AddExpandDims();
    TfLiteStatus AddFullyConnected();
    TfLiteStatus AddLeakyRelu();
    TfLiteStatus AddLogistic();
    TfLiteStatus AddMaxPool2D();
    TfLiteStatus AddMean();
    TfLiteStatus AddMul();
    TfLiteStatus AddPad();
    TfLiteStatus AddPadV2();
    TfLiteStatus AddQuantize();
    TfLiteStatus AddRelu();
    TfLiteStatus AddRelu6();
    TfLiteStatus AddReshape();
    TfLiteStatus AddResizeBilinear();
    TfLiteStatus AddResizeNearestNeighbor();
    TfLiteStatus AddSoftmax();
    TfLiteStatus AddSqueeze();
    TfLiteStatus AddSub();
    TfLiteStatus AddTanh();
    TfLiteStatus AddTransposeConv();
};

} // namespace tflite

#endif

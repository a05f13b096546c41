# SPDX-License-Identifier: Apache-2.0
#
# Finds TensorFlow Lite Micro: its headers, and libtensorflow-microlite.a as TFLM's own build makes it.
#
#   TFLM_ROOT         (variable, or environment) a checkout in which the library was built, or any
#                     folder with the same headers and the library in it or in lib/
#   TFLM_LIBRARY      the library itself, where there are several or it lies elsewhere
#   TFLM_ARCH         TFLM's name of the core (its TARGET_ARCH), or "host"; the project sets it
#   TFLM_DEFINITIONS  further definitions that the library was compiled with
#
# Defines the target TFLM::TFLM.
set(_tflm_guide
    "https://github.com/tensorflow/tflite-micro/blob/main/tensorflow/lite/micro/cortex_m_generic/README.md")
if(TFLM_ARCH STREQUAL "host")
    set(_tflm_make "make -f tensorflow/lite/micro/tools/make/Makefile microlite")
    set(_tflm_folders "^(linux|osx|windows)_")
else()
    set(_tflm_make "make -f tensorflow/lite/micro/tools/make/Makefile TARGET=cortex_m_generic TARGET_ARCH=${TFLM_ARCH} microlite")
    string(REPLACE "+" "[+]" _tflm_folders "_${TFLM_ARCH}_")
endif()
set(_tflm_help
    "The guide is ${_tflm_guide}\nIn a checkout of tflite-micro, this builds the library:\n  ${_tflm_make}\nThen configure with -DTFLM_ROOT=<that checkout>, or set TFLM_ROOT in the environment.")

if(NOT TFLM_ROOT)
    set(TFLM_ROOT "$ENV{TFLM_ROOT}")
endif()
if(NOT TFLM_ROOT)
    message(FATAL_ERROR
        "TensorFlow Lite Micro was not looked for: TFLM_ROOT is not set.\n${_tflm_help}")
endif()
get_filename_component(TFLM_ROOT "${TFLM_ROOT}" ABSOLUTE)

# Headers: TFLM's own, and those that they include. A checkout keeps the latter in its downloads;
# a tree made by TFLM's create_tflm_tree.py keeps them in third_party.
set(_tflm_third_party
    ${TFLM_ROOT}/tensorflow/lite/micro/tools/make/downloads ${TFLM_ROOT}/third_party ${TFLM_ROOT})
set(TFLM_INCLUDE_DIRS)
function(_tflm_header header)
    find_path(found ${header} PATHS ${ARGN} NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH NO_CACHE)
    if(NOT found)
        list(JOIN ARGN "\n  " folders)
        message(FATAL_ERROR
            "TensorFlow Lite Micro is incomplete: ${header} is in none of\n  ${folders}\n${_tflm_help}")
    endif()
    list(APPEND TFLM_INCLUDE_DIRS ${found})
    set(TFLM_INCLUDE_DIRS ${TFLM_INCLUDE_DIRS} PARENT_SCOPE)
endfunction()
list(TRANSFORM _tflm_third_party APPEND "/flatbuffers/include" OUTPUT_VARIABLE _tflm_flatbuffers)
list(TRANSFORM _tflm_third_party APPEND "/gemmlowp" OUTPUT_VARIABLE _tflm_gemmlowp)
list(TRANSFORM _tflm_third_party APPEND "/ruy" OUTPUT_VARIABLE _tflm_ruy)
_tflm_header(tensorflow/lite/micro/micro_interpreter.h ${TFLM_ROOT} ${TFLM_ROOT}/include)
_tflm_header(flatbuffers/flatbuffers.h ${_tflm_flatbuffers} ${TFLM_ROOT}/include)
_tflm_header(fixedpoint/fixedpoint.h ${_tflm_gemmlowp} ${TFLM_ROOT}/include)
_tflm_header(ruy/profiler/instrumentation.h ${_tflm_ruy} ${TFLM_ROOT}/include)

# The library: the one that was given, else the only one that fits the core.
if(NOT TFLM_LIBRARY)
    set(TFLM_LIBRARY "$ENV{TFLM_LIBRARY}")
endif()
if(NOT TFLM_LIBRARY)
    file(GLOB _tflm_built ${TFLM_ROOT}/gen/*/lib/libtensorflow-microlite.a)
    foreach(library IN LISTS _tflm_built)
        cmake_path(RELATIVE_PATH library BASE_DIRECTORY ${TFLM_ROOT}/gen OUTPUT_VARIABLE folder)
        if(folder MATCHES "${_tflm_folders}")
            list(APPEND TFLM_LIBRARY ${library})
        endif()
    endforeach()
    foreach(library ${TFLM_ROOT}/lib/libtensorflow-microlite.a
            ${TFLM_ROOT}/libtensorflow-microlite.a)
        if(EXISTS ${library})
            list(APPEND TFLM_LIBRARY ${library})
        endif()
    endforeach()
endif()
list(LENGTH TFLM_LIBRARY _tflm_count)
if(_tflm_count EQUAL 0)
    message(FATAL_ERROR
        "${TFLM_ROOT} holds no libtensorflow-microlite.a for ${TFLM_ARCH}, neither in gen/*/lib nor in lib.\n${_tflm_help}")
elseif(_tflm_count GREATER 1)
    list(JOIN TFLM_LIBRARY "\n  " _tflm_choices)
    message(FATAL_ERROR
        "Several libraries fit ${TFLM_ARCH}:\n  ${_tflm_choices}\nChoose one with -DTFLM_LIBRARY=<file>, or set TFLM_LIBRARY in the environment.")
elseif(NOT EXISTS ${TFLM_LIBRARY})
    message(FATAL_ERROR "TFLM_LIBRARY: there is no ${TFLM_LIBRARY}.\n${_tflm_help}")
endif()
message(STATUS "TensorFlow Lite Micro: ${TFLM_LIBRARY}")

add_library(TFLM::TFLM STATIC IMPORTED)
set_target_properties(TFLM::TFLM PROPERTIES
    IMPORTED_LOCATION ${TFLM_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES "${TFLM_INCLUDE_DIRS}"
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${TFLM_INCLUDE_DIRS}"
    # Structs have other members without the first: it must be as the library was compiled.
    INTERFACE_COMPILE_DEFINITIONS "TF_LITE_STATIC_MEMORY;${TFLM_DEFINITIONS}"
    INTERFACE_LINK_LIBRARIES m)
set(TFLM_FOUND TRUE)

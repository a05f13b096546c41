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
# Defines the target TFLM::TFLM, once for all projects of a build.
if(TARGET TFLM::TFLM)
    set(TFLM_FOUND TRUE)
    return()
endif()
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
if(NOT IS_ABSOLUTE "${TFLM_ROOT}")
    message(FATAL_ERROR
        "TFLM_ROOT is ${TFLM_ROOT}: give the whole path, since CMake does not know from where it is meant.")
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
set(TFLM_FOUND_LIBRARY ${TFLM_LIBRARY} CACHE INTERNAL "The library that is linked")

# The linker joins objects for any Cortex-M without a word, and code for a newer core crashes where the
# first of its instructions stands. What an object needs is among its attributes (Arm's ABI for the
# architecture, "Build Attributes"), here as a rank for each property of the core.
set(_tflm_Tag_CPU_arch "v6-M;v6S-M;v8-M.baseline;v7;v7E-M;v8-M.mainline;v8.1-M.mainline")
set(_tflm_Tag_FP_arch "VFPv4-D16;FPv5/FP-D16 for ARMv8")
set(_tflm_Tag_MVE_arch "MVE Integer only;MVE Integer and FP")
set(_tflm_Tag_DSP_extension "Allowed")
set(_tflm_tags Tag_CPU_arch Tag_FP_arch Tag_MVE_arch Tag_DSP_extension)

# The attributes of an object or of all objects of an archive: the highest of each tag, in <tag>_<prefix>.
function(_tflm_attributes file prefix)
    execute_process(COMMAND ${CMAKE_READELF} -A ${file} OUTPUT_VARIABLE said ERROR_QUIET)
    foreach(tag ${_tflm_tags})
        set(highest -1)
        string(REGEX MATCHALL "${tag}: [^\n]*" lines "${said}")
        list(REMOVE_DUPLICATES lines)
        foreach(line IN LISTS lines)
            string(REPLACE "${tag}: " "" value "${line}")
            list(FIND _tflm_${tag} "${value}" rank)
            if(rank GREATER highest)
                set(highest ${rank})
            endif()
        endforeach()
        set(${tag}_${prefix} ${highest} PARENT_SCOPE)
    endforeach()
endfunction()

if(NOT TFLM_ARCH STREQUAL "host" AND CMAKE_READELF AND CMAKE_C_COMPILER)
    set(_tflm_probe ${CMAKE_CURRENT_BINARY_DIR}/tflm_core.o)
    file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/tflm_core.c "int mf_core(void) {\n    return 0;\n}\n")
    separate_arguments(_tflm_flags UNIX_COMMAND "${CMAKE_C_FLAGS}")
    execute_process(COMMAND ${CMAKE_C_COMPILER} ${_tflm_flags} -c -o ${_tflm_probe}
        ${CMAKE_CURRENT_BINARY_DIR}/tflm_core.c)
    _tflm_attributes(${_tflm_probe} core)
    _tflm_attributes(${TFLM_LIBRARY} library)
    if(Tag_CPU_arch_library EQUAL -1)
        message(FATAL_ERROR "${TFLM_LIBRARY} holds no code for a Cortex-M.\n${_tflm_help}")
    endif()
    foreach(tag ${_tflm_tags})
        if(Tag_CPU_arch_core GREATER_EQUAL 0 AND ${tag}_library GREATER ${tag}_core)
            list(GET _tflm_${tag} ${${tag}_library} _tflm_needed)
            message(FATAL_ERROR
                "${TFLM_LIBRARY} was built for another core: it needs ${_tflm_needed} (${tag}), which ${TFLM_ARCH} lacks. It would crash.\n${_tflm_help}")
        elseif(${tag}_library LESS ${tag}_core AND NOT ${tag} STREQUAL "Tag_FP_arch")
            list(GET _tflm_${tag} ${${tag}_core} _tflm_unused)
            message(WARNING
                "${TFLM_LIBRARY} was built for a lesser core than ${TFLM_ARCH}: it makes no use of ${_tflm_unused} (${tag}), and is slower than need be.")
        endif()
    endforeach()
endif()

# Global: whoever links a model links this as well, and may be in another folder.
add_library(TFLM::TFLM STATIC IMPORTED GLOBAL)
set_target_properties(TFLM::TFLM PROPERTIES
    IMPORTED_LOCATION ${TFLM_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES "${TFLM_INCLUDE_DIRS}"
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${TFLM_INCLUDE_DIRS}"
    # Structs have other members without the first: it must be as the library was compiled. The second
    # makes the headers call no MicroPrintf, which a library of BUILD_TYPE=release does not hold.
    INTERFACE_COMPILE_DEFINITIONS
        "TF_LITE_STATIC_MEMORY;TF_LITE_STRIP_ERROR_STRINGS;${TFLM_DEFINITIONS}"
    INTERFACE_LINK_LIBRARIES m)
set(TFLM_FOUND TRUE)

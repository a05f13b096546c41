# SPDX-License-Identifier: Apache-2.0
#
# A stand-in for ESP-IDF's build system: what its documentation says of project() and
# idf_component_register(), for this computer. Each component is a library that sees the headers of
# those that it requires, and the application is linked from all of them.
get_filename_component(STAND_IN ${CMAKE_CURRENT_LIST_DIR}/../.. ABSOLUTE)

function(idf_component_register)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "SRCS;INCLUDE_DIRS;REQUIRES;PRIV_REQUIRES")
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "idf_component_register does not know ${arg_UNPARSED_ARGUMENTS}")
    endif()
    get_filename_component(name ${CMAKE_CURRENT_LIST_DIR} NAME)
    add_library(__idf_${name} STATIC ${arg_SRCS})
    target_include_directories(__idf_${name} PUBLIC ${arg_INCLUDE_DIRS} PRIVATE ${STAND_IN}/..)
    foreach(other ${arg_REQUIRES})
        target_link_libraries(__idf_${name} PUBLIC __idf_${other})
    endforeach()
    set(COMPONENT_LIB __idf_${name} PARENT_SCOPE)
endfunction()

macro(project name)
    _project(${name} C)
    file(GLOB components ${CMAKE_SOURCE_DIR}/components/*)
    foreach(component ${components} ${CMAKE_SOURCE_DIR}/main)
        add_subdirectory(${component})
    endforeach()
    add_executable(${name}.elf ${STAND_IN}/freertos.c)
    target_include_directories(${name}.elf PRIVATE ${STAND_IN}/..)
    target_link_libraries(${name}.elf PRIVATE __idf_main)
endmacro()

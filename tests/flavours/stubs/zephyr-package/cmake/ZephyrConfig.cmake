# SPDX-License-Identifier: Apache-2.0
#
# A stand-in for Zephyr's build system: what its documentation says of modules, prj.conf and the
# zephyr_library functions, for this computer.
project(Zephyr-Kernel C)
get_filename_component(STAND_IN ${CMAKE_CURRENT_LIST_DIR}/.. ABSOLUTE)

file(STRINGS ${CMAKE_SOURCE_DIR}/prj.conf settings REGEX "^CONFIG_")
foreach(setting ${settings})
    string(REGEX MATCH "^(CONFIG_[A-Z0-9_]+)=(.*)$" found "${setting}")
    set(${CMAKE_MATCH_1} ${CMAKE_MATCH_2})
endforeach()

add_library(zephyr_interface INTERFACE)
target_include_directories(zephyr_interface INTERFACE ${STAND_IN}/..)
add_library(app STATIC)
target_link_libraries(app PUBLIC zephyr_interface)
add_executable(zephyr_final ${STAND_IN}/kernel.c)
target_link_libraries(zephyr_final PRIVATE app)

function(zephyr_include_directories)
    foreach(folder ${ARGN})
        get_filename_component(folder ${folder} ABSOLUTE)
        target_include_directories(zephyr_interface INTERFACE ${folder})
    endforeach()
endfunction()

macro(zephyr_library_named name)
    set(ZEPHYR_CURRENT_LIBRARY ${name})
    add_library(${name} STATIC)
    target_link_libraries(${name} PUBLIC zephyr_interface)
    target_link_libraries(zephyr_final PRIVATE ${name})
endmacro()

function(zephyr_library_sources)
    target_sources(${ZEPHYR_CURRENT_LIBRARY} PRIVATE ${ARGN})
endfunction()

function(zephyr_library_compile_options)
    target_compile_options(${ZEPHYR_CURRENT_LIBRARY} PRIVATE ${ARGN})
endfunction()

foreach(module ${ZEPHYR_EXTRA_MODULES})
    file(STRINGS ${module}/zephyr/module.yml cmake REGEX "^ *cmake: ")
    string(REGEX REPLACE "^ *cmake: *" "" cmake "${cmake}")
    add_subdirectory(${module}/${cmake} ${CMAKE_BINARY_DIR}/module)
endforeach()

# SPDX-License-Identifier: Apache-2.0
# How poolgrad's libraries are made: objects, compiled once, are packed as a static and as a shared library.

# poolgrad_find_libraries(RESULT NAME...): whether all libraries and their headers NAME.h are there; they are the cache
# variables NAME_LIBRARY and NAME_INCLUDE_DIR, in capitals.
function(poolgrad_find_libraries result)
    set(found ON)
    foreach(name ${ARGN})
        string(TOUPPER ${name} upper)
        find_library(${upper}_LIBRARY ${name})
        find_path(${upper}_INCLUDE_DIR ${name}.h)
        if(NOT ${upper}_LIBRARY OR NOT ${upper}_INCLUDE_DIR)
            set(found OFF)
        endif()
    endforeach()
    set(${result} ${found} PARENT_SCOPE)
endfunction()

# poolgrad_add_objects(TARGET SOURCE...): compiled for both libraries, which hide all but what the headers declare.
function(poolgrad_add_objects target)
    add_library(${target} OBJECT ${ARGN})
    target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
    target_compile_definitions(${target} PRIVATE POOLGRAD_BUILDING $<$<BOOL:${POOLGRAD_EMULATE}>:POOLGRAD_EMULATE>)
    target_link_libraries(${target} PRIVATE poolgrad_flags)
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
endfunction()

# poolgrad_pack(NAME OBJECTS...): NAME_static and, where the platform has shared libraries, NAME_shared. To users they
# are poolgrad::NAME_static and poolgrad::NAME.
function(poolgrad_pack name)
    list(TRANSFORM ARGN REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>" OUTPUT_VARIABLE objects)
    set(libraries ${name}_static)
    add_library(${name}_static STATIC ${objects})
    add_library(poolgrad::${name}_static ALIAS ${name}_static)
    get_property(has_shared_libraries GLOBAL PROPERTY TARGET_SUPPORTS_SHARED_LIBS) # WebAssembly has none
    if(has_shared_libraries)
        list(APPEND libraries ${name}_shared)
        add_library(${name}_shared SHARED ${objects})
        add_library(poolgrad::${name} ALIAS ${name}_shared)
        target_link_options(${name}_shared PRIVATE $<$<PLATFORM_ID:Linux>:LINKER:--as-needed>)
        set_target_properties(${name}_shared PROPERTIES
            EXPORT_NAME ${name} VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
    endif()
    set_target_properties(${libraries} PROPERTIES OUTPUT_NAME ${name} LINKER_LANGUAGE C)
    set(${name}_libraries ${libraries} PARENT_SCOPE)
endfunction()

# poolgrad_add_component(NAME DESCRIPTION TEXT NEEDS LIBRARY... SOURCES FILE...): poolgrad_NAME, a library of its own
# because it needs what poolgrad_find_libraries has found, and the component NAME of the package.
function(poolgrad_add_component name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "DESCRIPTION" "NEEDS;SOURCES")
    set(library poolgrad_${name})
    poolgrad_add_objects(${library}_objects ${arg_SOURCES})
    poolgrad_pack(${library} ${library}_objects)
    foreach(need ${arg_NEEDS})
        string(TOUPPER ${need} upper)
        target_include_directories(${library}_objects SYSTEM PUBLIC ${${upper}_INCLUDE_DIR})
        list(APPEND needs $<BUILD_INTERFACE:${${upper}_LIBRARY}> $<INSTALL_INTERFACE:${need}>)
    endforeach()
    target_link_libraries(${library}_static PUBLIC poolgrad_static INTERFACE ${needs})
    if(TARGET ${library}_shared)
        # Inner functions of libpoolgrad, which that library does not export, come with it as a copy.
        target_link_libraries(${library}_shared PUBLIC poolgrad_shared PRIVATE $<LINK_ONLY:poolgrad_static> ${needs})
        target_link_options(${library}_shared PRIVATE $<$<PLATFORM_ID:Linux>:LINKER:--exclude-libs,ALL>)
    endif()
    set(${library}_libraries ${${library}_libraries} PARENT_SCOPE)
    set(${library}_description ${arg_DESCRIPTION} PARENT_SCOPE)
    set(${library}_needs ${arg_NEEDS} PARENT_SCOPE)
    set(POOLGRAD_COMPONENTS ${POOLGRAD_COMPONENTS} ${name} PARENT_SCOPE)
endfunction()

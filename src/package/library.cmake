# SPDX-License-Identifier: Apache-2.0
# How poolgrad's libraries are made: objects, compiled once, are packed as a static and as a shared library.

# Before 1.0 every minor version may break programs.
set(POOLGRAD_SOVERSION ${PROJECT_VERSION_MAJOR})
set(POOLGRAD_COMPATIBILITY SameMajorVersion)
if(PROJECT_VERSION_MAJOR EQUAL 0)
    string(APPEND POOLGRAD_SOVERSION .${PROJECT_VERSION_MINOR})
    set(POOLGRAD_COMPATIBILITY SameMinorVersion)
endif()

# poolgrad_check_choice(NAME): refuses what is neither a truth value nor AUTO.
function(poolgrad_check_choice name)
    string(TOUPPER "${${name}}" choice)
    if(NOT choice MATCHES "^(AUTO|ON|OFF|TRUE|FALSE|YES|NO|Y|N|1|0)$")
        message(FATAL_ERROR "${name} is '${${name}}'; expected ON, OFF or AUTO")
    endif()
endfunction()

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
    add_library(${target} OBJECT EXCLUDE_FROM_ALL ${ARGN})
    target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
    target_compile_definitions(${target} PRIVATE POOLGRAD_BUILDING $<$<BOOL:${POOLGRAD_EMULATE}>:POOLGRAD_EMULATE>)
    target_link_libraries(${target} PRIVATE poolgrad_flags)
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
endfunction()

# Both libraries, or the one that BUILD_SHARED_LIBS asks for; in another project OFF is what it says when unset.
get_property(POOLGRAD_MAKES_SHARED GLOBAL PROPERTY TARGET_SUPPORTS_SHARED_LIBS) # WebAssembly has none
set(POOLGRAD_MAKES_STATIC ON)
if(DEFINED BUILD_SHARED_LIBS OR NOT PROJECT_IS_TOP_LEVEL)
    if(NOT BUILD_SHARED_LIBS)
        set(POOLGRAD_MAKES_SHARED OFF)
    elseif(POOLGRAD_MAKES_SHARED)
        set(POOLGRAD_MAKES_STATIC OFF)
    endif()
endif()

# poolgrad_pack(NAME OBJECTS...): NAME_shared, if it is to be made, and NAME_static, which is otherwise made for what
# links it here. To users the latter is poolgrad::NAME_static, and the one they need not choose poolgrad::NAME.
function(poolgrad_pack name)
    list(TRANSFORM ARGN REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>" OUTPUT_VARIABLE objects)
    set(chosen ${name}_static)
    set(libraries)
    add_library(${name}_static STATIC ${objects})
    set_target_properties(${name}_static PROPERTIES OUTPUT_NAME ${name} LINKER_LANGUAGE C)
    if(POOLGRAD_MAKES_STATIC)
        list(APPEND libraries ${name}_static)
    else()
        set_target_properties(${name}_static PROPERTIES EXCLUDE_FROM_ALL ON)
    endif()
    if(POOLGRAD_MAKES_SHARED)
        set(chosen ${name}_shared)
        list(APPEND libraries ${name}_shared)
        add_library(${name}_shared SHARED ${objects})
        target_link_options(${name}_shared PRIVATE $<$<PLATFORM_ID:Linux>:LINKER:--as-needed>)
        set_target_properties(${name}_shared PROPERTIES OUTPUT_NAME ${name} LINKER_LANGUAGE C
            EXPORT_NAME ${name} VERSION ${PROJECT_VERSION} SOVERSION ${POOLGRAD_SOVERSION})
    endif()
    add_library(poolgrad::${name}_static ALIAS ${name}_static)
    add_library(poolgrad::${name} ALIAS ${chosen})
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
        # libpoolgrad lies beside it, wherever that is, also for programs that call nothing of libpoolgrad.
        if(NOT DEFINED CMAKE_INSTALL_RPATH)
            set_target_properties(${library}_shared PROPERTIES INSTALL_RPATH $<IF:$<BOOL:${APPLE}>,@loader_path,$ORIGIN>)
        endif()
    endif()
    # Another project's build makes them where it links them.
    if(NOT PROJECT_IS_TOP_LEVEL AND NOT POOLGRAD_INSTALL)
        set_target_properties(${${library}_libraries} PROPERTIES EXCLUDE_FROM_ALL ON)
    endif()
    set(${library}_libraries ${${library}_libraries} PARENT_SCOPE)
    set(${library}_description ${arg_DESCRIPTION} PARENT_SCOPE)
    set(${library}_needs ${arg_NEEDS} PARENT_SCOPE)
    set(POOLGRAD_COMPONENTS ${POOLGRAD_COMPONENTS} ${name} PARENT_SCOPE)
    set(POOLGRAD_COMPONENT_LIBRARIES ${POOLGRAD_COMPONENT_LIBRARIES} ${library} PARENT_SCOPE)
endfunction()

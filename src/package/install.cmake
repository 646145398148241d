# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` puts where. All paths are relative to the prefix: the tree may be moved afterwards.
include(CMakePackageConfigHelpers)

install(TARGETS ${poolgrad_libraries} EXPORT poolgrad)
install(DIRECTORY include/poolgrad TYPE INCLUDE)
if(POOLGRAD_COMMAND)
    install(TARGETS poolgrad)
    install(FILES docs/poolgrad.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
    if(POOLGRAD_COMPLETIONS)
        set(scripts ${PROJECT_BINARY_DIR}/completions)
        install(FILES ${scripts}/poolgrad.bash RENAME poolgrad
            DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
        install(FILES ${scripts}/poolgrad.zsh RENAME _poolgrad DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
        install(FILES ${scripts}/poolgrad.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
    endif()
endif()
# In another project CMAKE_INSTALL_DOCDIR is that project's folder, with a README.md of its own.
set(doc_dir ${CMAKE_INSTALL_DOCDIR})
if(NOT PROJECT_IS_TOP_LEVEL)
    set(doc_dir ${CMAKE_INSTALL_DATAROOTDIR}/doc/poolgrad)
endif()
install(FILES README.md CONTRIBUTING.md LICENSE DESTINATION ${doc_dir})
install(DIRECTORY docs DESTINATION ${doc_dir} FILES_MATCHING PATTERN "*.md" PATTERN "*.png" PATTERN "*.svg")

# find_package(poolgrad): poolgrad::poolgrad (shared) and poolgrad::poolgrad_static; with the component NAME also
# poolgrad::poolgrad_NAME and, where the libraries it needs can be linked, poolgrad::poolgrad_NAME_static.
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/poolgrad)
set(POOLGRAD_COMPONENT_NEEDS)
foreach(name ${POOLGRAD_COMPONENTS})
    string(APPEND POOLGRAD_COMPONENT_NEEDS "set(poolgrad_${name}_needs ${poolgrad_${name}_needs})\n")
    foreach(library ${poolgrad_${name}_libraries})
        install(TARGETS ${library} EXPORT ${library})
        install(EXPORT ${library} NAMESPACE poolgrad:: FILE ${library}.cmake DESTINATION ${package_dir})
    endforeach()
endforeach()
configure_package_config_file(src/package/poolgradConfig.cmake.in package/poolgradConfig.cmake
    INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(package/poolgradConfigVersion.cmake COMPATIBILITY ${POOLGRAD_COMPATIBILITY})
install(EXPORT poolgrad NAMESPACE poolgrad:: FILE poolgradTargets.cmake DESTINATION ${package_dir})
install(FILES
    ${PROJECT_BINARY_DIR}/package/poolgradConfig.cmake ${PROJECT_BINARY_DIR}/package/poolgradConfigVersion.cmake
    DESTINATION ${package_dir})

# pkg-config: the prefix is found from the place of the file, everything else from the prefix. A distribution's folders
# may be absolute. Without a shared library nobody asks for --static.
foreach(folder LIBDIR INCLUDEDIR)
    cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_${folder} BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX}
        OUTPUT_VARIABLE full_${folder})
    file(RELATIVE_PATH POOLGRAD_${folder} ${CMAKE_INSTALL_PREFIX} ${full_${folder}})
endforeach()
list(TRANSFORM POOLGRAD_LINK_LIBRARIES REPLACE "^([^/].*)$" "-l\\1" OUTPUT_VARIABLE private_libraries)
list(JOIN private_libraries " " POOLGRAD_PRIVATE_LIBRARIES)
set(POOLGRAD_PUBLIC_LIBRARIES)
set(POOLGRAD_PUBLIC_FLAGS)
if(NOT TARGET poolgrad_shared)
    set(POOLGRAD_PUBLIC_LIBRARIES ${POOLGRAD_PRIVATE_LIBRARIES})
    set(POOLGRAD_PUBLIC_FLAGS -DPOOLGRAD_STATIC)
endif()
file(RELATIVE_PATH POOLGRAD_PREFIX_FROM_PC ${full_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" POOLGRAD_PREFIX_FROM_PC ${POOLGRAD_PREFIX_FROM_PC})
function(poolgrad_install_pkg_config template name)
    configure_file(src/package/${template}.pc.in package/${name}.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/package/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()
poolgrad_install_pkg_config(poolgrad poolgrad)
foreach(name ${POOLGRAD_COMPONENTS})
    set(POOLGRAD_NAME poolgrad_${name})
    set(POOLGRAD_DESCRIPTION ${poolgrad_${name}_description})
    list(TRANSFORM poolgrad_${name}_needs PREPEND "-l" OUTPUT_VARIABLE private_libraries)
    list(JOIN private_libraries " " POOLGRAD_PRIVATE_LIBRARIES)
    set(POOLGRAD_PUBLIC_LIBRARIES)
    if(NOT TARGET poolgrad_shared)
        set(POOLGRAD_PUBLIC_LIBRARIES ${POOLGRAD_PRIVATE_LIBRARIES})
    endif()
    poolgrad_install_pkg_config(component poolgrad_${name})
endforeach()

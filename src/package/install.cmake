# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` puts where. All paths are relative to the prefix: the tree may be moved afterwards.
include(CMakePackageConfigHelpers)

install(TARGETS ${POOLGRAD_LIBRARIES} EXPORT poolgrad)
install(DIRECTORY include/poolgrad TYPE INCLUDE)
if(POOLGRAD_COMMAND)
    install(TARGETS poolgrad)
    install(FILES docs/poolgrad.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()
install(FILES README.md CONTRIBUTING.md LICENSE TYPE DOC)
install(DIRECTORY docs TYPE DOC FILES_MATCHING PATTERN "*.md" PATTERN "*.png")

# find_package(poolgrad): poolgrad::poolgrad (shared) and poolgrad::poolgrad_static; with the component oracle also
# poolgrad::poolgrad_oracle and, where GMP and MPFR can be linked, poolgrad::poolgrad_oracle_static.
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/poolgrad)
if(POOLGRAD_HAS_ORACLE)
    foreach(library ${POOLGRAD_ORACLE_LIBRARIES})
        install(TARGETS ${library} EXPORT ${library})
        install(EXPORT ${library} NAMESPACE poolgrad:: FILE ${library}.cmake DESTINATION ${package_dir})
    endforeach()
endif()
configure_package_config_file(src/package/poolgradConfig.cmake.in package/poolgradConfig.cmake
    INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(package/poolgradConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(EXPORT poolgrad NAMESPACE poolgrad:: FILE poolgradTargets.cmake DESTINATION ${package_dir})
install(FILES
    ${PROJECT_BINARY_DIR}/package/poolgradConfig.cmake ${PROJECT_BINARY_DIR}/package/poolgradConfigVersion.cmake
    DESTINATION ${package_dir})

# pkg-config: the prefix is found from the place of the file.
list(TRANSFORM POOLGRAD_LINK_LIBRARIES REPLACE "^([^/].*)$" "-l\\1" OUTPUT_VARIABLE private_libraries)
list(JOIN private_libraries " " POOLGRAD_PRIVATE_LIBRARIES)
file(RELATIVE_PATH POOLGRAD_PREFIX_FROM_PC ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" POOLGRAD_PREFIX_FROM_PC ${POOLGRAD_PREFIX_FROM_PC})
set(packages poolgrad)
if(POOLGRAD_HAS_ORACLE)
    list(APPEND packages poolgrad_oracle)
endif()
foreach(name ${packages})
    configure_file(src/package/${name}.pc.in package/${name}.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/package/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

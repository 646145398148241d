# SPDX-License-Identifier: Apache-2.0
# WebAssembly with Debian's emscripten; programs run under node and see this machine's files and their environment.
include(/usr/share/emscripten/cmake/Modules/Platform/Emscripten.cmake)
# Node that has a fetch of its own does not load a file by it: compiled at once, the module is read as a file.
string(JOIN " " CMAKE_EXE_LINKER_FLAGS_INIT -sENVIRONMENT=node -sNODERAWFS=1 -sEXIT_RUNTIME=1 -sALLOW_MEMORY_GROWTH=1
    -sINITIAL_MEMORY=67108864
    -sWASM_ASYNC_COMPILATION=0 --pre-js ${CMAKE_CURRENT_LIST_DIR}/wasm_environment.js)
find_program(POOLGRAD_NODE NAMES node nodejs REQUIRED)
set(CMAKE_CROSSCOMPILING_EMULATOR ${POOLGRAD_NODE})

# Language level, warnings and the build types behind the presets.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

set(CMAKE_CXX_FLAGS_DEV "-O1 -g1" CACHE STRING "" FORCE)
set(CMAKE_C_FLAGS_DEV "-O1 -g1" CACHE STRING "" FORCE)
# The folder that a release was built in leaves no trace in it.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG -g1 -ffile-prefix-map=${CMAKE_SOURCE_DIR}=." CACHE STRING "" FORCE)
set(asan "-O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer")
set(CMAKE_CXX_FLAGS_ASAN "${asan}" CACHE STRING "" FORCE)
set(CMAKE_C_FLAGS_ASAN "${asan}" CACHE STRING "" FORCE)
# Protobuf's headers lay out their maps otherwise where __SANITIZE_THREAD__ is set than Debian's library was built; the
# standard library's own switch keeps what it needs.
set(tsan "-O1 -g1 -fsanitize=thread -fno-omit-frame-pointer -U__SANITIZE_THREAD__ -D_GLIBCXX_TSAN=1")
set(CMAKE_CXX_FLAGS_TSAN "${tsan}" CACHE STRING "" FORCE)
set(CMAKE_C_FLAGS_TSAN "${tsan}" CACHE STRING "" FORCE)
set(fuzz "-O1 -g1 -fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer")
set(CMAKE_CXX_FLAGS_FUZZ "${fuzz}" CACHE STRING "" FORCE)
set(CMAKE_C_FLAGS_FUZZ "${fuzz}" CACHE STRING "" FORCE)

set(PODWRIGHT_WARNINGS
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT CMAKE_BUILD_TYPE MATCHES "Asan|Tsan")
  # Sanitizer instrumentation makes this one report paths that cannot be taken.
  list(APPEND PODWRIGHT_WARNINGS -Wnull-dereference)
endif()
if(DEFINED ENV{CI} OR PODWRIGHT_WERROR)
  list(APPEND PODWRIGHT_WARNINGS -Werror)
endif()

find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()
add_link_options(-Wl,--gc-sections)
add_compile_options(-ffunction-sections -fdata-sections)
include_directories(${CMAKE_SOURCE_DIR})

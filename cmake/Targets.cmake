# podwright_library, podwright_program, podwright_test: one way to declare each, so that every target
# has the same warnings and the same place.

# podwright_library(core/log SOURCES a.cc DEPS podwright::x): the target podwright_core_log,
# alias podwright::core_log.
function(podwright_library path)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  string(REPLACE "/" "_" name ${path})
  add_library(podwright_${name} STATIC ${ARG_SOURCES})
  add_library(podwright::${name} ALIAS podwright_${name})
  target_compile_options(podwright_${name} PRIVATE ${PODWRIGHT_WARNINGS})
  target_link_libraries(podwright_${name} PUBLIC ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
endfunction()

# podwright_program(name [STATIC] SOURCES … DEPS …): build/<preset>/bin/name.
function(podwright_program name)
  cmake_parse_arguments(ARG "STATIC" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_compile_options(${name} PRIVATE ${PODWRIGHT_WARNINGS})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS})
  if(ARG_STATIC AND PODWRIGHT_FULLY_STATIC)
    set_target_properties(${name} PROPERTIES PODWRIGHT_STATIC ON)
    target_link_options(${name} PRIVATE -static)
  endif()
endfunction()

# podwright_test(core_test SOURCES a_test.cc DEPS …): registered with CTest under the label "unit".
function(podwright_test name)
  cmake_parse_arguments(ARG "" "LABEL" "SOURCES;DEPS" ${ARGN})
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_compile_options(${name} PRIVATE ${PODWRIGHT_WARNINGS})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT 300)
endfunction()

# podwright_fuzz(kinds_json_fuzz SOURCES … DEPS …): build/<preset>/fuzz/, where scripts/fuzz.sh finds it.
function(podwright_fuzz name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  if(NOT PODWRIGHT_FUZZ)
    return()
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_compile_options(${name} PRIVATE ${PODWRIGHT_WARNINGS})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  target_link_libraries(${name} PRIVATE ${ARG_DEPS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
endfunction()

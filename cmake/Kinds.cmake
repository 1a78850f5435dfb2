# Kinds are listed once, in kinds/kinds.list; tests add theirs from tests/kinds/kinds.list.
include_guard(GLOBAL)

# podwright_read_kinds(FILE names with_driver)
function(podwright_read_kinds file names_out drivers_out)
  file(STRINGS ${file} lines REGEX "^[a-z]")
  set_property(DIRECTORY ${CMAKE_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  set(names "")
  set(drivers "")
  foreach(line IN LISTS lines)
    if(NOT line MATCHES "^([a-z][a-z_]*) (driver|no-driver)$")
      message(FATAL_ERROR "${file}: \"${line}\" is not `NAME driver` or `NAME no-driver`")
    endif()
    list(APPEND names ${CMAKE_MATCH_1})
    if(CMAKE_MATCH_2 STREQUAL "driver")
      list(APPEND drivers ${CMAKE_MATCH_1})
    endif()
  endforeach()
  set(${names_out} ${names} PARENT_SCOPE)
  set(${drivers_out} ${drivers} PARENT_SCOPE)
endfunction()

podwright_read_kinds(${CMAKE_SOURCE_DIR}/kinds/kinds.list PODWRIGHT_KINDS PODWRIGHT_DRIVER_KINDS)

function(podwright_kind_protos out)
  set(protos "")
  foreach(kind IN LISTS PODWRIGHT_KINDS)
    list(APPEND protos podwright/v1/kinds/${kind}.proto)
  endforeach()
  set(${out} ${protos} PARENT_SCOPE)
endfunction()

# Stops with the first file that a listed kind lacks.
function(podwright_check_kinds)
  foreach(kind IN LISTS PODWRIGHT_KINDS)
    set(needed proto/podwright/v1/kinds/${kind}.proto
      reconciler/planner/kinds/${kind}_planner.h reconciler/planner/kinds/${kind}_planner.cc
      reconciler/planner/kinds/${kind}_planner_test.cc
      examples/gitops/kinds/${kind}.yaml examples/terraform/resources/podwright_${kind}/resource.tf
      docs/kinds/${kind}.md tests/acceptance/kinds/test_${kind}.py)
    if(kind IN_LIST PODWRIGHT_DRIVER_KINDS)
      list(APPEND needed agent/drivers/${kind}/${kind}_driver.h agent/drivers/${kind}/${kind}_driver.cc
        agent/drivers/${kind}/${kind}_driver_test.cc)
    endif()
    foreach(file IN LISTS needed)
      if(NOT EXISTS ${CMAKE_SOURCE_DIR}/${file})
        message(FATAL_ERROR "The kind \"${kind}\" of kinds/kinds.list lacks ${file}. docs/adding-a-kind.md says what belongs there.")
      endif()
    endforeach()
  endforeach()
endfunction()

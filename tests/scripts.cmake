# Tests that are scripts: of the gates themselves, and of the real programs from outside (tests/e2e).
set(python /usr/bin/python3)

add_test(NAME ci_checks COMMAND ${python} -m unittest discover -s ${CMAKE_CURRENT_SOURCE_DIR}/unit/ci -p "*_test.py")
set_tests_properties(ci_checks PROPERTIES LABELS unit TIMEOUT 300)
add_test(NAME bench_parts COMMAND ${python} -m unittest discover -s ${CMAKE_CURRENT_SOURCE_DIR}/unit/bench -p "*_test.py")
set_tests_properties(bench_parts PROPERTIES LABELS unit TIMEOUT 300 ENVIRONMENT "PYTHONDONTWRITEBYTECODE=1")

# heddle_e2e(<name> <timeout> <command>...): alone on the machine, because it watches timings and counts failures.
function(heddle_e2e name timeout)
  add_test(NAME ${name} COMMAND ${ARGN})
  set_tests_properties(${name} PROPERTIES LABELS e2e RUN_SERIAL ON TIMEOUT ${timeout}
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
    ENVIRONMENT "HEDDLE_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY};PYTHONDONTWRITEBYTECODE=1;PYTHONUNBUFFERED=1")
endfunction()

file(GLOB scripts CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/e2e/*_test.py)
if(HEDDLE_SANITIZE MATCHES "undefined")  # without descriptors its own check of a call takes every object for a bad one
  list(FILTER scripts EXCLUDE REGEX "/descriptors_test\\.py$")
endif()
foreach(script IN LISTS scripts)
  get_filename_component(name ${script} NAME_WE)
  string(REGEX REPLACE "_test$" "" name ${name})
  heddle_e2e(e2e_${name} 600 ${python} ${script})
endforeach()
# These wait for clocks (certificates, tokens, timeouts) and measure nothing: beside each other and beside what computes,
# the longest first.
set(patient ca_schedule rotation ca_rotation spire dns detection workload_api authz_live given_ca federation
  federation_refusals expiry)
foreach(name IN LISTS patient)
  if(NOT TEST e2e_${name})
    message(FATAL_ERROR "tests/scripts.cmake: there is no e2e/${name}_test.py")
  endif()
  set_tests_properties(e2e_${name} PROPERTIES RUN_SERIAL OFF COST 1000)
endforeach()
file(GLOB demo CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/e2e/demo.py)
if(demo)
  heddle_e2e(demo_check 600 ${python} ${demo} --check --bin ${CMAKE_RUNTIME_OUTPUT_DIRECTORY})
endif()
# The bench works: every program can be started, loaded and measured. The figures are nobody's business here.
heddle_e2e(bench_smoke 300 ${python} ${CMAKE_SOURCE_DIR}/bench/macro/bench.py --smoke
  --heddle-bin ${CMAKE_RUNTIME_OUTPUT_DIRECTORY} --json ${CMAKE_BINARY_DIR}/bench-smoke.json
  --svg ${CMAKE_BINARY_DIR}/bench-smoke.svg)
heddle_e2e(bench_control_smoke 300 ${python} ${CMAKE_SOURCE_DIR}/bench/control/bench_control.py --smoke
  --heddle-bin ${CMAKE_RUNTIME_OUTPUT_DIRECTORY} --json ${CMAKE_BINARY_DIR}/bench-control-smoke.json
  --svg ${CMAKE_BINARY_DIR}/bench-control-smoke.svg)

# Tests that are scripts: of the gates themselves, and of the real programs from outside (tests/e2e).
set(python /usr/bin/python3)

add_test(NAME ci_checks COMMAND ${python} -m unittest discover -s ${CMAKE_CURRENT_SOURCE_DIR}/unit/ci -p "*_test.py")
set_tests_properties(ci_checks PROPERTIES LABELS unit TIMEOUT 300)
# The double of a Kubernetes API server; what it is held to, the real one, is `./dev test k8s`.
add_test(NAME k8s_double COMMAND ${python} -B ${CMAKE_CURRENT_SOURCE_DIR}/k8s/double_test.py OfTheDouble)
set_tests_properties(k8s_double PROPERTIES LABELS unit TIMEOUT 300)
add_test(NAME bench_parts COMMAND ${python} -m unittest discover -s ${CMAKE_CURRENT_SOURCE_DIR}/unit/bench -p "*_test.py")
set_tests_properties(bench_parts PROPERTIES LABELS unit TIMEOUT 300 ENVIRONMENT "PYTHONDONTWRITEBYTECODE=1")

# heddle_e2e(<name> <timeout> <command>...): alone on the machine, unless it is said below that it need not be.
function(heddle_e2e name timeout)
  add_test(NAME ${name} COMMAND ${ARGN})
  set_tests_properties(${name} PROPERTIES LABELS e2e RUN_SERIAL ON TIMEOUT ${timeout}
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
    ENVIRONMENT "HEDDLE_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY};PYTHONDONTWRITEBYTECODE=1;PYTHONUNBUFFERED=1")
endfunction()

# Preloaded into a program under test: a slow disk, a wrong clock (e2e/odd_world_test.py).
add_library(heddle_odd_world SHARED ${CMAKE_CURRENT_SOURCE_DIR}/e2e/odd_world.cc)
target_link_libraries(heddle_odd_world PRIVATE ${CMAKE_DL_LIBS})
target_compile_options(heddle_odd_world PRIVATE -fno-sanitize=all)
target_link_options(heddle_odd_world PRIVATE -fno-sanitize=all)
set_target_properties(heddle_odd_world PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_RUNTIME_OUTPUT_DIRECTORY})

file(GLOB scripts CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/e2e/*_test.py)
if(HEDDLE_SANITIZE MATCHES "undefined")  # without descriptors its own check of a call takes every object for a bad one
  list(FILTER scripts EXCLUDE REGEX "/descriptors_test\\.py$")
endif()
if(HEDDLE_SANITIZE OR NOT CMAKE_BUILD_TYPE STREQUAL "Release")  # two releases are compared, not two builds
  list(FILTER scripts EXCLUDE REGEX "/skew_test\\.py$")
endif()
if(HEDDLE_SANITIZE)  # without /proc a sanitizer takes its own stack for somebody else's
  list(FILTER scripts EXCLUDE REGEX "/image_test\\.py$")
endif()
if(HEDDLE_SANITIZE)  # `contract` has the same code with members of etcd, e2e_kubernetes_replicas several control planes
  list(FILTER scripts EXCLUDE REGEX "/(etcd|etcd_partition|leaders|replicas|replica_behind)_test\\.py$")
endif()
if(HEDDLE_SANITIZE)  # a page's examples, each a program of its own: nothing that the other tests do not run
  list(FILTER scripts EXCLUDE REGEX "/docs_commands_test\\.py$")
endif()
foreach(script IN LISTS scripts)
  get_filename_component(name ${script} NAME_WE)
  string(REGEX REPLACE "_test$" "" name ${name})
  heddle_e2e(e2e_${name} 600 ${python} ${script})
endforeach()
# e2e_together(<processors> <cost> <name>...): these run beside others, those of the highest cost first.
function(e2e_together processors cost)
  foreach(name IN LISTS ARGN)
    if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/e2e/${name}_test.py)
      message(FATAL_ERROR "tests/scripts.cmake: there is no e2e/${name}_test.py")
    endif()
    if(TEST e2e_${name})
      set_tests_properties(e2e_${name} PROPERTIES RUN_SERIAL OFF PROCESSORS ${processors} COST ${cost})
    endif()
  endforeach()
endfunction()
# These wait for clocks (certificates, tokens, timeouts) and measure nothing: beside each other and beside what computes,
# the longest first.
e2e_together(1 1000 ca_schedule rotation ca_rotation spire dns detection workload_api authz_live given_ca federation
  federation_refusals expiry odd_world docs_commands etcd replicas kubernetes_replicas replica_behind leaders etcd_partition)
# These ask and compare; how long it takes is nothing to them. Two at a time.
e2e_together(2 100 access access_log app_health authz await backup bundle_endpoint changes cli descriptors
  docker_source docs_examples explain explain_live facts file_limit forged_reason full_disk grpc_health harness identity
  identity_headers image intercept_want interception interception_rules kubernetes_source
  kubernetes_status machines manifests mesh_conformance mesh_grpc mesh_grpc_filters mesh_grpc_matching mesh_h2
  mesh_http mesh_http_filters mesh_http_matching mesh_ipv6 mesh_mirror mesh_tcp mesh_websocket mixed_set nack on_demand
  plan plan_replay proxy_protocol pushed resync route_filter session_persistence standalone subset tcp_route testssl
  tls_alerts tracing)
# One cluster at a time: members that get no processor hold elections.
if(TEST e2e_etcd)
  set_tests_properties(e2e_etcd e2e_replicas e2e_replica_behind e2e_leaders e2e_etcd_partition PROPERTIES
    RESOURCE_LOCK etcd COST 2000)
endif()
# Under a sanitizer `.ci/run` runs those that move bytes through whole sidecars, and the demo; the others, which wait for
# clocks and start many command lines, cost minutes there. They have the label `slow`; `./dev test asan` runs them.
foreach(script IN LISTS scripts)
  get_filename_component(name ${script} NAME_WE)
  string(REGEX REPLACE "_test$" "" name ${name})
  if(NOT name MATCHES "^(mesh_.*|proxy_protocol|tls_alerts)$")
    set_tests_properties(e2e_${name} PROPERTIES LABELS "e2e;slow")
  endif()
endforeach()
# `./dev test skew`; no part of `./dev test`: the previous release is built, once for each clone.
if(TEST e2e_skew)
  add_test(NAME previous_release COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/skew/build_previous.sh ${CMAKE_BINARY_DIR})
  set_tests_properties(previous_release PROPERTIES LABELS skew TIMEOUT 3600 FIXTURES_SETUP previous_release)
  set_tests_properties(e2e_skew PROPERTIES LABELS skew FIXTURES_REQUIRED previous_release)
endif()
file(GLOB demo CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/e2e/demo.py)
if(demo)
  heddle_e2e(demo_check 600 ${python} ${demo} --check --bin ${CMAKE_RUNTIME_OUTPUT_DIRECTORY})
endif()
# The bench works: every program can be started, loaded and measured. The figures are nobody's business here, nor is its
# load news to a sanitizer.
if(NOT HEDDLE_SANITIZE)
  heddle_e2e(bench_smoke 300 ${python} ${CMAKE_SOURCE_DIR}/bench/macro/bench.py --smoke
    --heddle-bin ${CMAKE_RUNTIME_OUTPUT_DIRECTORY} --json ${CMAKE_BINARY_DIR}/bench-smoke.json
    --svg ${CMAKE_BINARY_DIR}/bench-smoke.svg)
  heddle_e2e(bench_control_smoke 300 ${python} ${CMAKE_SOURCE_DIR}/bench/control/bench_control.py --smoke
    --heddle-bin ${CMAKE_RUNTIME_OUTPUT_DIRECTORY} --json ${CMAKE_BINARY_DIR}/bench-control-smoke.json
    --svg ${CMAKE_BINARY_DIR}/bench-control-smoke.svg)
endif()

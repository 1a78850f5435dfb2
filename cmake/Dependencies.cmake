# Third-party libraries, all from Debian, as podwright_ext::NAME.
#
# The provider, the CLI and the agent link statically (their target property PODWRIGHT_STATIC is ON);
# podwrightd and the tests use the shared libraries. Debian's CMake packages know only the shared
# forms, so each dependency is an interface target that chooses by the property of the program
# that is being linked.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_program(PROTOC protoc REQUIRED)
find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)

set(is_static "$<BOOL:$<TARGET_PROPERTY:PODWRIGHT_STATIC>>")

function(podwright_external name module)
  pkg_check_modules(${name} REQUIRED ${module})
  set(flat "")
  foreach(lib IN LISTS ${name}_STATIC_LIBRARIES)
    if(NOT lib MATCHES "^(pthread|dl|m|rt)$")
      list(APPEND flat ${lib})
    endif()
  endforeach()
  list(REVERSE flat)
  list(REMOVE_DUPLICATES flat)
  list(REVERSE flat)
  add_library(podwright_ext_${name} INTERFACE)
  add_library(podwright_ext::${name} ALIAS podwright_ext_${name})
  # A group, because the archives of gRPC and abseil refer to each other.
  list(TRANSFORM flat PREPEND "-l")
  list(JOIN flat " " flat_text)
  separate_arguments(flat_list NATIVE_COMMAND "${flat_text}")
  target_link_libraries(podwright_ext_${name} INTERFACE
    "$<${is_static}:-Wl,--start-group;${flat_list};-Wl,--end-group>"
    "$<$<NOT:${is_static}>:${${name}_LINK_LIBRARIES}>"
    Threads::Threads)
endfunction()

podwright_external(protobuf protobuf)
podwright_external(crypto libcrypto)
podwright_external(ssl openssl)
podwright_external(sqlite sqlite3)
podwright_external(yaml yaml-cpp)
podwright_external(re2 re2)
podwright_external(git2 libgit2)
podwright_external(curl libcurl)
podwright_external(absl_time absl_time)
if(NOT PODWRIGHT_WITHOUT_GRPC)
  podwright_external(grpc grpc++)
  podwright_external(httplib cpp-httplib)
  target_compile_options(podwright_ext_httplib INTERFACE ${httplib_CFLAGS_OTHER})
endif()

find_package(GTest REQUIRED)
find_package(nlohmann_json REQUIRED)
find_library(RAPIDCHECK rapidcheck)
find_package(benchmark)

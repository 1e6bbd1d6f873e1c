# lstmcConfig.cmake: find_package(lstmc) gives
#
#   lstmc::lstmc        the runtime, with its headers and what it is linked with
#   lstmc_add_model(TARGET MODEL.lua [NAME name] [OPTIONS words...] [DEPENDS files...] [OUTPUT_DIR folder])
#
# lstmc_add_model compiles the description when TARGET is built, and again when the description has changed. TARGET gets
# the C file as a source, the folder of the header and libm; whoever links TARGET can include the header too. It may be
# called several times for one TARGET.
#   NAME        of the files, where the description gives one of its own; otherwise it is that of the description's file
#   OPTIONS     words for the command line, parameters too: OPTIONS units=64 --lanes=16
#   DEPENDS     further files that OPTIONS name: OPTIONS --tuning=a.tune.lua DEPENDS a.tune.lua
#   OUTPUT_DIR  of the generated files (default: a folder for TARGET in the build folder)
# Relative paths start in the folder of the CMakeLists.txt, that of OUTPUT_DIR in its build folder. LSTMC_EXECUTABLE
# names another compiler: one that runs here, when what is built does not.

cmake_policy(PUSH)
cmake_policy(VERSION 3.14)
get_filename_component(_lstmc_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
set(LSTMC_INSTALLED_EXECUTABLE "${_lstmc_prefix}/bin/lstmc" CACHE INTERNAL "")
set(LSTMC_CHECK_NAME "${CMAKE_CURRENT_LIST_DIR}/lstmcCheckName.cmake" CACHE INTERNAL "")

if(NOT TARGET lstmc::lstmc)
  add_library(lstmc::lstmc STATIC IMPORTED)
  set_target_properties(lstmc::lstmc PROPERTIES
    IMPORTED_LOCATION "${_lstmc_prefix}/lib/liblstmc.a"
    IMPORTED_LINK_INTERFACE_LANGUAGES C
    INTERFACE_INCLUDE_DIRECTORIES "${_lstmc_prefix}/include/lstmc")
  find_library(LSTMC_JANSSON jansson)
  if(LSTMC_JANSSON)
    set_property(TARGET lstmc::lstmc APPEND PROPERTY INTERFACE_LINK_LIBRARIES "${LSTMC_JANSSON}")
  elseif(NOT lstmc_FIND_QUIETLY)
    message(STATUS "lstmc: without libjansson, which lstmc_weights_load and lstmc_weights_save need")
  endif()
  # Before glibc 2.34 threads are a library of their own.
  set(THREADS_PREFER_PTHREAD_FLAG TRUE)
  include(CMakeFindDependencyMacro)
  find_dependency(Threads)
  set_property(TARGET lstmc::lstmc APPEND PROPERTY INTERFACE_LINK_LIBRARIES Threads::Threads m)
endif()
unset(_lstmc_prefix)

function(lstmc_add_model target model)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "NAME;OUTPUT_DIR" "OPTIONS;DEPENDS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "lstmc_add_model: what is meant by ${arg_UNPARSED_ARGUMENTS}?")
  endif()
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if(NOT "C" IN_LIST languages)
    message(FATAL_ERROR "lstmc_add_model: lstmc writes C: project(... LANGUAGES C) has to name it")
  endif()
  get_filename_component(model "${model}" ABSOLUTE)
  if(NOT EXISTS "${model}")
    message(FATAL_ERROR "lstmc_add_model: there is no ${model}")
  endif()
  set(program "${LSTMC_EXECUTABLE}")
  if(NOT program)
    set(program "${LSTMC_INSTALLED_EXECUTABLE}")
  endif()
  set(depends "${model}" "${program}")
  foreach(file IN LISTS arg_DEPENDS)
    get_filename_component(file "${file}" ABSOLUTE)
    list(APPEND depends "${file}")
  endforeach()
  if(NOT arg_NAME)
    get_filename_component(arg_NAME "${model}" NAME_WLE)
    string(REGEX REPLACE "[^A-Za-z0-9]" "_" arg_NAME "${arg_NAME}")
    string(REGEX REPLACE "^([^A-Za-z])" "model_\\1" arg_NAME "${arg_NAME}")
  endif()
  if(NOT arg_OUTPUT_DIR)
    set(arg_OUTPUT_DIR "lstmc/${target}")
  endif()
  get_filename_component(folder "${arg_OUTPUT_DIR}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_BINARY_DIR}")
  set(header "${folder}/${arg_NAME}.h")
  set(source "${folder}/${arg_NAME}.c")

  add_custom_command(OUTPUT "${header}" "${source}"
    COMMAND "${CMAKE_COMMAND}" -E make_directory "${folder}"
    COMMAND "${program}" "${model}" ${arg_OPTIONS} --quiet -o "${folder}"
    COMMAND "${CMAKE_COMMAND}" "-DMODEL=${model}" "-DSOURCE=${source}" -P "${LSTMC_CHECK_NAME}"
    DEPENDS ${depends}
    WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}"
    COMMENT "lstmc: ${arg_NAME}.h, ${arg_NAME}.c"
    VERBATIM)
  target_sources(${target} PRIVATE "${source}" "${header}")
  target_include_directories(${target} PUBLIC "$<BUILD_INTERFACE:${folder}>")
  target_compile_features(${target} PRIVATE c_std_11)
  # As properties: target_link_libraries would force its form, with or without PRIVATE, upon the project.
  set_property(TARGET ${target} APPEND PROPERTY LINK_LIBRARIES m)
  set_property(TARGET ${target} APPEND PROPERTY INTERFACE_LINK_LIBRARIES m)
endfunction()
cmake_policy(POP)

# lstmcCheckName.cmake: whether lstmc wrote the file SOURCE that lstmc_add_model promised to the build; it has just
# printed what it wrote.
if(NOT EXISTS "${SOURCE}" OR NOT "${SOURCE}" IS_NEWER_THAN "${MODEL}")
  get_filename_component(expected "${SOURCE}" NAME)
  message(FATAL_ERROR "${MODEL}: the description has a name of its own, and ${expected} was not written: "
    "lstmc_add_model(... NAME name) tells the build")
endif()

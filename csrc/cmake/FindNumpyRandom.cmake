# Finds libnpyrandom.a, NumPy's random distributions as a static library that needs only libm.
#   NumpyRandom::npyrandom
if(NOT NPYRANDOM_LIBRARY)
  if(NOT Python_EXECUTABLE)
    find_package(Python COMPONENTS Interpreter REQUIRED)
  endif()
  execute_process(
    COMMAND ${Python_EXECUTABLE} -c "import numpy, os; print(os.path.dirname(numpy.__file__)); print(numpy.get_include())"
    OUTPUT_VARIABLE _numpy OUTPUT_STRIP_TRAILING_WHITESPACE)
  string(REPLACE "\n" ";" _numpy "${_numpy}")
  list(GET _numpy 0 _root)
  list(GET _numpy 1 NPYRANDOM_INCLUDE_DIR)
  find_file(NPYRANDOM_LIBRARY libnpyrandom.a PATHS ${_root}/random/lib NO_DEFAULT_PATH NO_CACHE)
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(NumpyRandom REQUIRED_VARS NPYRANDOM_LIBRARY NPYRANDOM_INCLUDE_DIR)
if(NumpyRandom_FOUND AND NOT TARGET NumpyRandom::npyrandom)
  add_library(NumpyRandom::npyrandom STATIC IMPORTED)
  set_target_properties(NumpyRandom::npyrandom PROPERTIES IMPORTED_LOCATION ${NPYRANDOM_LIBRARY}
                        INTERFACE_INCLUDE_DIRECTORIES ${NPYRANDOM_INCLUDE_DIR})
endif()

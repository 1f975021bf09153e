# Finds MuJoCo: the prefix MUJOCO_DIR (a folder that holds include/mujoco/mujoco.h), or the Python package.
#   MuJoCo::mujoco   the shared library with its headers
if(NOT MUJOCO_DIR AND NOT Python_EXECUTABLE)
  find_package(Python COMPONENTS Interpreter QUIET)
endif()
if(NOT MUJOCO_DIR AND Python_EXECUTABLE)
  execute_process(
    COMMAND ${Python_EXECUTABLE} -c
            "import importlib.util as u; s = u.find_spec('mujoco'); print(s.submodule_search_locations[0] if s else '')"
    OUTPUT_VARIABLE MUJOCO_DIR OUTPUT_STRIP_TRAILING_WHITESPACE)
endif()
find_path(MuJoCo_INCLUDE_DIR mujoco/mjbatch.h PATHS ${MUJOCO_DIR}/include NO_DEFAULT_PATH NO_CACHE)
if(MuJoCo_INCLUDE_DIR)
  file(STRINGS ${MuJoCo_INCLUDE_DIR}/mujoco/mujoco.h _line REGEX "define mjVERSION_HEADER")
  string(REGEX MATCH "[0-9]+$" _number "${_line}")  # 3017000: major, three digits minor, three digits patch
  math(EXPR _major "${_number} / 1000000")
  math(EXPR _minor "${_number} / 1000 % 1000")
  math(EXPR _patch "${_number} % 1000")
  set(MuJoCo_VERSION ${_major}.${_minor}.${_patch})
endif()
find_file(MuJoCo_LIBRARY NAMES libmujoco.so.${MuJoCo_VERSION} libmujoco.${MuJoCo_VERSION}.dylib libmujoco.so
          PATHS ${MUJOCO_DIR} ${MUJOCO_DIR}/lib NO_DEFAULT_PATH NO_CACHE)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(MuJoCo REQUIRED_VARS MuJoCo_LIBRARY MuJoCo_INCLUDE_DIR VERSION_VAR MuJoCo_VERSION
                                  REASON_FAILURE_MESSAGE "install it with: pip install mujoco==3.17.0, or set MUJOCO_DIR")
if(MuJoCo_FOUND AND NOT TARGET MuJoCo::mujoco)
  add_library(MuJoCo::mujoco SHARED IMPORTED)
  set_target_properties(MuJoCo::mujoco PROPERTIES IMPORTED_LOCATION ${MuJoCo_LIBRARY}
                        INTERFACE_INCLUDE_DIRECTORIES ${MuJoCo_INCLUDE_DIR})
endif()

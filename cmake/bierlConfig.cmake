# find_package(bierl): bierl::bierl_core, bierl::bierl_mujoco. MuJoCo is found by MUJOCO_DIR or from its Python package.
include(CMakeFindDependencyMacro)
list(APPEND CMAKE_MODULE_PATH ${CMAKE_CURRENT_LIST_DIR})
set(NPYRANDOM_LIBRARY ${CMAKE_CURRENT_LIST_DIR}/../../libnpyrandom.a)
set(NPYRANDOM_INCLUDE_DIR ${CMAKE_CURRENT_LIST_DIR}/../../../include)
find_dependency(Threads)
find_dependency(MuJoCo 3.17.0 EXACT)
find_dependency(NumpyRandom)
include(${CMAKE_CURRENT_LIST_DIR}/bierl.cmake)

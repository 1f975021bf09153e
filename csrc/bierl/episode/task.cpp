#include <bierl/episode/task.hpp>

#include <bierl/core/error.hpp>

namespace bierl {

bool Task::guarded(Guarded function, void* argument) {
  try {
    function(argument);
    return true;
  } catch (const SimulationError& error) {
    error_ = error.what();
    return false;
  }
}

}  // namespace bierl

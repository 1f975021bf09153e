/// The engine's assertions, caught.
///
/// The build of Box2D inside the Python package reports a failed assertion by setting a Python error and throwing. On a
/// thread without the GIL the first ends the process, and a throw out of its solver passes destructors that assert in
/// turn, which ends it too. So in the engine's library the function that sets the error is exchanged for one that, on a
/// thread inside run_trapped, leaves by longjmp; on every other thread it is Python's own as before.
#pragma once

#include <string>

namespace bierl::box2d {

/// Exchanges the function in the library of this handle (dlopen's). Throws SimulationError where that cannot be done.
/// Not to be called twice for one library.
void trap_assertions(void* handle);

/// Calls function(argument); false when an assertion of the engine ended it, with the assertion in `text`. It is left
/// by longjmp: in it and below, no object with a destructor may be alive while the engine runs. Exceptions pass
/// through.
bool run_trapped(void (*function)(void* argument), void* argument, std::string& text);

}  // namespace bierl::box2d

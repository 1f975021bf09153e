/// Quantities that are code: compiled functions, and classes of shared libraries.
///
///     "module:name" with the function beside it, "library.so:name" -> code_quantity -> QuantityEntry
///
/// Whether the code may run is decided before (bierl_fast/trust.py): what is named here is loaded.
#pragma once

#include <string>

#include <bierl/mujoco/terms/quantity.hpp>

namespace bierl::mujoco::terms {

/// What a compiled term is, in C: writes `size` numbers to `out`. `fields` and `rows` have an entry for each line of
/// fields() (fields.hpp). It is called by many threads, without Python's lock.
using CompiledTerm = void (*)(double* out, std::int64_t size, const double* const* fields, const std::int64_t* rows);

/// Whether a term's name is that of code: there is a colon in it.
bool is_code(const std::string& term);
/// "name" of "module:name".
std::string name_in(const std::string& term);
/// The entry of a term that is code. A library is loaded here, for good.
/// Throws ArgumentError: there is no such library, it is none of terms, was built against another version of this one,
/// or has no term of that name (the nearest is offered). `who` is what errors call the term.
const QuantityEntry& code_quantity(const std::string& who, const std::string& term);

}  // namespace bierl::mujoco::terms

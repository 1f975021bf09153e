/// One character of a text.
#pragma once

#include <string>

namespace bierl {

/// Appends a code point; FileError for a number that is none.
void append_utf8(char32_t code, std::string& out);

}  // namespace bierl

/// What is wrong with a file that was to be read.
#pragma once

#include <stdexcept>

namespace bierl {

/// A file that is missing, damaged, of another kind or of another format; the text says which and what.
class FileError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace bierl

/// NumPy's .npz files, as far as policies use them: a zip file of arrays that are stored as they are.
///
/// A file may come from anywhere: every offset and length is checked against the file's size, and what is compressed is
/// refused, so that no file takes more memory than its own size.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bierl {

/// A whole file, in memory; FileError, without its name, when it cannot be read.
std::vector<unsigned char> file_content(const std::filesystem::path& path);

/// One file's arrays, in memory. Every error is a FileError.
class Npz {
 public:
  /// Reads the table of contents of a whole file.
  explicit Npz(std::vector<unsigned char> bytes);
  Npz(const Npz&) = delete;  // its arrays are views of its own memory
  Npz& operator=(const Npz&) = delete;

  /// A vector of exactly `size` elements: little-endian float32 or float64.
  [[nodiscard]] std::vector<float> floats(std::string_view name, std::size_t size) const;
  [[nodiscard]] std::vector<double> doubles(std::string_view name, std::size_t size) const;
  /// A single text, as UTF-8.
  [[nodiscard]] std::string text(std::string_view name) const;

 private:
  struct Array {
    std::string dtype;  ///< as NumPy writes it: <f4
    std::string shape;  ///< as NumPy writes it: (3,)
    std::span<const unsigned char> data;
  };
  void read_member(std::size_t entry);
  [[nodiscard]] const Array& array(std::string_view name) const;
  template <typename T>
  [[nodiscard]] std::vector<T> numbers(std::string_view name, std::string_view dtype, std::size_t size) const;

  std::vector<unsigned char> bytes_;
  std::map<std::string, Array, std::less<>> arrays_;
};

}  // namespace bierl

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <fstream>

#include <bierl/policy/file_error.hpp>
#include <bierl/policy/json.hpp>
#include <bierl/policy/npz.hpp>
#include <bierl/policy/utf8.hpp>

namespace bierl {

static_assert(std::endian::native == std::endian::little, "arrays are read as they lie in the file");

namespace {

using Bytes = std::span<const unsigned char>;

[[noreturn]] void damaged(const std::string& what) { throw FileError("it is damaged or no archive (" + what + ")"); }

/// `count` bytes from `start` on, which are there.
Bytes part(Bytes bytes, std::size_t start, std::size_t count) {
  if (start > bytes.size() || count > bytes.size() - start) damaged("it ends early");
  return bytes.subspan(start, count);
}

std::uint32_t number(Bytes bytes, std::size_t start, std::size_t width) {
  std::uint32_t found = 0;
  const Bytes digits = part(bytes, start, width);
  for (std::size_t at = 0; at < width; ++at) found |= static_cast<std::uint32_t>(digits[at]) << (8 * at);
  return found;
}

std::uint32_t crc32(Bytes bytes) {
  static const std::array<std::uint32_t, 256> kTable = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
      std::uint32_t crc = byte;
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0U ? 0xEDB88320U : 0U);
      table[byte] = crc;
    }
    return table;
  }();
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const unsigned char byte : bytes) crc = (crc >> 8) ^ kTable[(crc ^ byte) & 0xFFU];
  return ~crc;
}

/// What NumPy writes before an array: {'descr': '<f4', 'fortran_order': False, 'shape': (3,), }
struct Description {
  explicit Description(std::string_view text) : rest(text) {}
  std::string_view between(std::string_view before, std::string_view after) {
    if (!rest.starts_with(before)) damaged("an array has no description");
    const std::size_t end = rest.find(after, before.size());
    if (end == std::string_view::npos) damaged("an array has no description");
    const std::string_view found = rest.substr(before.size(), end - before.size());
    rest.remove_prefix(end);
    return found;
  }
  std::string_view rest;
};

// Places of the zip format: the end record, an entry of the table of contents, the header before a member.
constexpr std::uint32_t kEnd = 0x06054B50, kEntry = 0x02014B50, kMember = 0x04034B50;
constexpr std::size_t kEndSize = 22, kEntrySize = 46, kMemberSize = 30, kLongestComment = 0xFFFF;

std::size_t end_record(Bytes bytes) {
  for (std::size_t back = kEndSize; back <= bytes.size() && back <= kEndSize + kLongestComment; ++back)
    if (number(bytes, bytes.size() - back, 4) == kEnd) return bytes.size() - back;
  damaged("it has no table of contents");
}

}  // namespace

std::vector<unsigned char> file_content(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) throw FileError("there is no such file");
  std::ifstream file(path, std::ios::binary);
  std::vector<unsigned char> bytes(static_cast<std::size_t>(std::filesystem::file_size(path, error)));
  if (error || !file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size())))
    throw FileError("it cannot be read");
  return bytes;
}

Npz::Npz(std::vector<unsigned char> bytes) : bytes_(std::move(bytes)) {
  const std::size_t end = end_record(bytes_);
  std::size_t entry = number(bytes_, end + 16, 4);
  for (std::uint32_t left = number(bytes_, end + 10, 2); left > 0; --left) {
    if (number(bytes_, entry, 4) != kEntry) damaged("its table of contents is cut");
    read_member(entry);
    entry += kEntrySize + number(bytes_, entry + 28, 2) + number(bytes_, entry + 30, 2) + number(bytes_, entry + 32, 2);
  }
}

void Npz::read_member(std::size_t entry) {
  const Bytes label = part(bytes_, entry + kEntrySize, number(bytes_, entry + 28, 2));
  std::string name(label.begin(), label.end());
  if (!name.ends_with(".npy")) damaged("its member " + name + " is no array");
  name.resize(name.size() - 4);
  if ((number(bytes_, entry + 8, 2) & 1U) != 0U) damaged("its array " + name + " is encrypted");
  if (number(bytes_, entry + 10, 2) != 0)
    throw FileError("its array " + name + " is compressed; write it as it is, as Policy.save and numpy.savez do");
  const std::size_t size = number(bytes_, entry + 20, 4), header = number(bytes_, entry + 42, 4);
  if (number(bytes_, header, 4) != kMember) damaged("its array " + name + " is not where it should be");
  const std::size_t start = header + kMemberSize + number(bytes_, header + 26, 2) + number(bytes_, header + 28, 2);
  const Bytes member = part(bytes_, start, size);
  if (crc32(member) != number(bytes_, entry + 16, 4)) damaged("the checksum of its array " + name + " is another");

  const Bytes magic = part(member, 0, 8);
  if (std::memcmp(magic.data(), "\x93NUMPY", 6) != 0) damaged("its member " + name + " is no array");
  const std::size_t width = magic[6] == 1 ? 2 : 4, length = number(member, 8, width);
  const Bytes description = part(member, 8 + width, length);
  Description found({reinterpret_cast<const char*>(description.data()), description.size()});
  Array made;
  made.dtype = found.between("{'descr': '", "'");
  found.between("', 'fortran_order': ", ", 'shape'");  // of one dimension: either order
  made.shape = found.between(", 'shape': ", ", }");
  made.data = member.subspan(8 + width + length);
  if (!arrays_.emplace(name, std::move(made)).second) damaged("it has two arrays " + name);
}

const Npz::Array& Npz::array(std::string_view name) const {
  const auto found = arrays_.find(name);
  if (found == arrays_.end()) throw FileError("it lacks the array " + std::string(name));
  return found->second;
}

template <typename T>
std::vector<T> Npz::numbers(std::string_view name, std::string_view dtype, std::size_t size) const {
  const Array& found = array(name);
  const std::string shape = "(" + std::to_string(size) + ",)";
  if (found.dtype != dtype || found.shape != shape || found.data.size() / sizeof(T) != size ||
      found.data.size() % sizeof(T) != 0)
    throw FileError(std::string(name) + " must be " + std::string(dtype) + " of shape " + shape + ", got " +
                    found.dtype + " of shape " + found.shape + " in " + std::to_string(found.data.size()) + " bytes");
  std::vector<T> values(size);
  if (size > 0) std::memcpy(values.data(), found.data.data(), found.data.size());
  return values;
}

std::vector<float> Npz::floats(std::string_view name, std::size_t size) const {
  return numbers<float>(name, "<f4", size);
}

std::vector<double> Npz::doubles(std::string_view name, std::size_t size) const {
  return numbers<double>(name, "<f8", size);
}

std::string Npz::text(std::string_view name) const {
  const Array& found = array(name);
  if (!found.dtype.starts_with("<U") || found.shape != "()" || found.data.size() % 4 != 0)
    throw FileError(std::string(name) + " must be a text, got " + found.dtype + " of shape " + found.shape);
  std::string made;
  for (std::size_t at = 0; at < found.data.size(); at += 4) append_utf8(number(found.data, at, 4), made);
  return made;
}

}  // namespace bierl

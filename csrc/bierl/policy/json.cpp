#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include <bierl/policy/file_error.hpp>
#include <bierl/policy/json.hpp>
#include <bierl/policy/utf8.hpp>

namespace bierl {

namespace {

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  Json whole_text() {
    Json found = value(0);
    space();
    if (!rest_.empty()) fail();
    return found;
  }

 private:
  [[noreturn]] static void fail() { throw FileError("its header is no JSON"); }

  void space() {
    while (!rest_.empty() && std::string_view(" \t\r\n").find(rest_.front()) != std::string_view::npos)
      rest_.remove_prefix(1);
  }

  bool took(std::string_view word) {
    space();
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  void expect(std::string_view word) {
    if (!took(word)) fail();
  }

  Json value(int depth) {
    if (depth > Json::kDeepest) throw FileError("its header is nested too deeply");
    if (took("{")) return Json(object(depth));
    if (took("[")) return Json(array(depth));
    if (took("\"")) return Json(string());
    if (took("null")) return {};
    if (took("true")) return Json(true);
    if (took("false")) return Json(false);
    if (took("NaN")) return Json(std::numeric_limits<double>::quiet_NaN());
    if (took("Infinity")) return Json(std::numeric_limits<double>::infinity());
    if (took("-Infinity")) return Json(-std::numeric_limits<double>::infinity());
    return Json(number());
  }

  Json::Object object(int depth) {
    Json::Object found;
    if (took("}")) return found;
    do {
      expect("\"");
      std::string name = string();
      expect(":");
      for (const auto& [other, value] : found)
        if (other == name) fail();
      found.emplace_back(std::move(name), value(depth + 1));
    } while (took(","));
    expect("}");
    return found;
  }

  Json::Array array(int depth) {
    Json::Array found;
    if (took("]")) return found;
    do found.push_back(value(depth + 1));
    while (took(","));
    expect("]");
    return found;
  }

  double number() {
    double found = 0.0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), found);
    if (error != std::errc() || end == rest_.data()) fail();
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return found;
  }

  char next() {
    if (rest_.empty()) fail();
    const char first = rest_.front();
    rest_.remove_prefix(1);
    return first;
  }

  std::string string() {
    std::string found;
    for (char c = next(); c != '"'; c = next()) {
      if (static_cast<unsigned char>(c) < 0x20) fail();
      if (c == '\\')
        escaped(found);
      else
        found.push_back(c);
    }
    return found;
  }

  void escaped(std::string& out) {
    constexpr std::string_view kLetters = "\"\\/bfnrt", kMeant = "\"\\/\b\f\n\r\t";
    const char letter = next();
    if (const auto at = kLetters.find(letter); at != std::string_view::npos) {
      out.push_back(kMeant[at]);
      return;
    }
    if (letter != 'u') fail();
    char32_t code = four_digits();
    if (code >= 0xD800 && code < 0xDC00) {  // the first half of one beyond 16 bits
      if (next() != '\\' || next() != 'u') fail();
      const char32_t low = four_digits();
      if (low < 0xDC00 || low > 0xDFFF) fail();
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    append_utf8(code, out);
  }

  char32_t four_digits() {
    std::uint32_t code = 0;
    for (int digit = 0; digit < 4; ++digit) {
      constexpr std::string_view kDigits = "0123456789abcdefABCDEF";
      const std::size_t at = kDigits.find(next());
      if (at == std::string_view::npos) fail();
      code = 16 * code + static_cast<std::uint32_t>(at < 16 ? at : at - 6);
    }
    return code;
  }

  std::string_view rest_;
};

}  // namespace

void append_utf8(char32_t code, std::string& out) {
  if (code > 0x10FFFF) throw FileError("its header is no text");
  const auto tail = [&](int shift) { out.push_back(static_cast<char>(0x80 | ((code >> shift) & 0x3F))); };
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
    return;
  }
  const int bytes = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  const unsigned first = bytes == 2 ? 0xC0 : bytes == 3 ? 0xE0 : 0xF0;
  out.push_back(static_cast<char>(first | (code >> (6 * (bytes - 1)))));
  for (int left = bytes - 2; left >= 0; --left) tail(6 * left);
}

Json Json::parse(std::string_view text) { return Parser(text).whole_text(); }

const Json& Json::at(std::string_view name) const {
  static const Json none;
  const auto* const object = std::get_if<Object>(&value_);
  if (object == nullptr) throw FileError("its header is no JSON object");
  for (const auto& [own, value] : *object)
    if (own == name) return value;
  return none;
}

const std::string& Json::text(std::string_view name) const {
  const auto* const found = std::get_if<std::string>(&at(name).value_);
  if (found == nullptr) throw FileError("its header has no text " + std::string(name));
  return *found;
}

double Json::number(std::string_view name) const {
  const auto* const found = std::get_if<double>(&at(name).value_);
  if (found == nullptr) throw FileError("its header has no number " + std::string(name));
  return *found;
}

long long Json::whole(std::string_view name, long long low, long long high) const {
  return bierl::whole(number(name), name, low, high);
}

long long whole(double found, std::string_view name, long long low, long long high) {
  if (!(found >= static_cast<double>(low) && found <= static_cast<double>(high)) || found != std::floor(found))
    throw FileError(std::string(name) + " in its header must be a whole number from " + std::to_string(low) + " to " +
                    std::to_string(high));
  return static_cast<long long>(found);
}

std::vector<double> Json::numbers(std::string_view name) const {
  const auto* const found = std::get_if<Array>(&at(name).value_);
  if (found == nullptr) throw FileError("its header has no list " + std::string(name));
  std::vector<double> made;
  for (const Json& each : *found) {
    const auto* const number = std::get_if<double>(&each.value_);
    if (number == nullptr) throw FileError("the list " + std::string(name) + " in its header is not of numbers");
    made.push_back(*number);
  }
  return made;
}

bool Json::flag(std::string_view name) const {
  const Json& value = at(name);
  if (value.is_null()) return false;
  const auto* const found = std::get_if<bool>(&value.value_);
  if (found == nullptr) throw FileError(std::string(name) + " in its header must be true or false");
  return *found;
}

}  // namespace bierl

// A call that no signature takes: one line of the package's own in place of pybind11's several. Of every function,
// constructor and method of the module, as their last overload, so a call that fits takes no longer.
#include <pybind11/pybind11.h>

#include <string>

#include "bindings.hpp"

namespace bierl::bindings {

namespace py = pybind11;

namespace {

void erase_all(std::string& text, const std::string& part) {
  for (std::size_t at = 0; (at = text.find(part)) != std::string::npos;) text.erase(at, part.size());
}

// "call(self: C, a: object, b: str = 'x') -> None ..." as people write it: "name(a, b: str = 'x')".
std::string wanted(const std::string& name, const std::string& doc) {
  const std::string line = doc.substr(0, doc.find('\n'));
  std::string text = line.substr(0, line.rfind(" -> ")).substr(line.find('('));
  if (text.starts_with("(self: ")) {
    const std::size_t next = text.find(", ");
    text.erase(1, next == std::string::npos ? text.size() - 2 : next + 1);
  }
  for (const char* const part :
       {": object", "bierl_fast._core.", "collections.abc.", "typing.Supports", " | typing.SupportsIndex", " | Index"})
    erase_all(text, part);
  return name + text;
}

// What came, cut where it is long.
std::string given(const py::args& args, const py::kwargs& keywords, std::size_t first) {
  const py::object shown = py::module_::import("bierl_fast.errors").attr("shown");
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  for (std::size_t i = first; i < args.size(); ++i) add(shown(args[i]).cast<std::string>());
  for (const auto& [key, value] : keywords) add(key.cast<std::string>() + "=" + shown(value).cast<std::string>());
  return text.empty() ? "nothing" : text;
}

[[noreturn]] void refuse(const std::string& takes, const py::args& args, const py::kwargs& keywords,
                         std::size_t first) {
  throw py::type_error("wanted " + takes + ", got " + given(args, keywords, first));
}

std::string doc_of(const py::handle& function) { return py::str(py::getattr(function, "__doc__", py::str("()"))); }

void extend_method(const py::handle& type, const std::string& class_name, const std::string& name,
                   const py::handle& function, bool is_static) {
  const std::string takes = wanted(name == "__init__" ? class_name : class_name + "." + name, doc_of(function));
  if (name == "__init__" || name == "__setstate__") {
    py::cpp_function([takes](py::detail::value_and_holder&, const py::args& args,
                             const py::kwargs& keywords) { refuse(takes, args, keywords, 0); },
                     py::name(name.c_str()), py::is_method(type), py::sibling(function), py::doc(takes.c_str()),
                     py::detail::is_new_style_constructor());
  } else if (is_static) {
    py::cpp_function([takes](const py::args& args, const py::kwargs& keywords) { refuse(takes, args, keywords, 0); },
                     py::name(name.c_str()), py::scope(type), py::sibling(function), py::doc(takes.c_str()));
  } else {
    py::cpp_function([takes](const py::args& args, const py::kwargs& keywords) { refuse(takes, args, keywords, 1); },
                     py::name(name.c_str()), py::is_method(type), py::sibling(function), py::doc(takes.c_str()));
  }
}

void extend_class(const py::handle& type) {
  const std::string class_name = py::str(type.attr("__name__"));
  for (const auto& [key, value] : py::dict(type.attr("__dict__"))) {
    const std::string name = py::str(key);
    if (name.starts_with("_pybind11")) continue;
    if (PyInstanceMethod_Check(value.ptr())) {
      extend_method(type, class_name, name, PyInstanceMethod_GET_FUNCTION(value.ptr()), false);
    } else if (Py_IS_TYPE(value.ptr(), &PyStaticMethod_Type)) {
      extend_method(type, class_name, name, value.attr("__func__"), true);
    }
  }
}

void extend_function(const py::module_& m, const std::string& name, const py::object& function) {
  const std::string takes = wanted(name, doc_of(function));
  py::cpp_function([takes](const py::args& args, const py::kwargs& keywords) { refuse(takes, args, keywords, 0); },
                   py::name(name.c_str()), py::scope(m), py::sibling(function), py::doc(takes.c_str()));
}

}  // namespace

void bind_refusals(py::module_& m) {
  py::options docs;
  docs.disable_function_signatures();  // each has its own in words
  for (const auto& [key, value] : py::dict(m.attr("__dict__"))) {
    if (PyType_Check(value.ptr())) {
      extend_class(value);
    } else if (PyCFunction_Check(value.ptr())) {
      extend_function(m, py::str(key), py::reinterpret_borrow<py::object>(value));
    }
  }
}

}  // namespace bierl::bindings

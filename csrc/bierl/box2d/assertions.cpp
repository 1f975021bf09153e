#include <bierl/box2d/assertions.hpp>

#include <bierl/core/error.hpp>

#if defined(__linux__) && defined(__LP64__)

#include <dlfcn.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <csetjmp>
#include <cstdint>
#include <cstring>

namespace bierl::box2d {
namespace {

using SetError = void (*)(void* type, const char* text);
constexpr const char* kSetError = "PyErr_SetString";

struct Trap {
  std::jmp_buf back;
  std::array<char, 200> text;
};
thread_local Trap* innermost = nullptr;
SetError pythons = nullptr;

void set_error(void* type, const char* text) {
  if (innermost == nullptr) {
    pythons(type, text);
    return;
  }
  std::strncpy(innermost->text.data(), text, innermost->text.size() - 1);
  innermost->text.back() = '\0';
  std::longjmp(innermost->back, 1);
}

/// The trap is the thread's while this is alive, which an exception of the function ends too.
class Inside {
 public:
  explicit Inside(Trap& trap) : outer_(innermost) { innermost = &trap; }
  ~Inside() { innermost = outer_; }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

 private:
  Trap* outer_;
};

// Of the frame that setjmp returns to a second time; nothing in it changes in between.
bool call(Trap& trap, void (*function)(void*), void* argument) {
  if (setjmp(trap.back) != 0) return false;
  function(argument);
  return true;
}

// The dynamic linker's tables hold addresses as numbers.
// NOLINTBEGIN(performance-no-int-to-ptr)

/// What the dynamic section of a loaded library says of the functions it calls.
struct Imports {
  const char* names = nullptr;
  const ElfW(Sym) * symbols = nullptr;
  const ElfW(Rela) * slots = nullptr;
  std::size_t count = 0;
};

Imports imports_of(const link_map& library) {
  Imports found;
  for (const ElfW(Dyn)* entry = library.l_ld; entry->d_tag != DT_NULL; ++entry) {
    const auto at = entry->d_un.d_ptr;
    switch (entry->d_tag) {
      case DT_STRTAB:
        found.names = reinterpret_cast<const char*>(at);
        break;
      case DT_SYMTAB:
        found.symbols = reinterpret_cast<const ElfW(Sym)*>(at);
        break;
      case DT_JMPREL:
        found.slots = reinterpret_cast<const ElfW(Rela)*>(at);
        break;
      case DT_PLTRELSZ:
        found.count = entry->d_un.d_val / sizeof(ElfW(Rela));
        break;
      default:
        break;
    }
  }
  if (found.names == nullptr || found.symbols == nullptr || found.slots == nullptr) found.count = 0;
  return found;
}

/// Where a loaded library keeps the address of the function that it calls by this name; null: nowhere.
void** slot_of(const link_map& library, const char* name) {
  const Imports imports = imports_of(library);
  for (std::size_t i = 0; i < imports.count; ++i) {
    const ElfW(Rela) & slot = imports.slots[i];
    const ElfW(Sym) & symbol = imports.symbols[ELF64_R_SYM(slot.r_info)];
    if (std::strcmp(imports.names + symbol.st_name, name) == 0)
      return reinterpret_cast<void**>(library.l_addr + slot.r_offset);
  }
  return nullptr;
}

bool make_writable(void** slot) {
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto start = reinterpret_cast<std::uintptr_t>(slot) / page * page;
  return mprotect(reinterpret_cast<void*>(start), page, PROT_READ | PROT_WRITE) == 0;
}

// NOLINTEND(performance-no-int-to-ptr)

}  // namespace

void trap_assertions(void* handle) {
  link_map* library = nullptr;
  const auto found = reinterpret_cast<SetError>(dlsym(RTLD_DEFAULT, kSetError));
  void** slot = nullptr;
  if (found != nullptr && dlinfo(handle, RTLD_DI_LINKMAP, static_cast<void*>(&library)) == 0)
    slot = slot_of(*library, kSetError);
  if (slot == nullptr || !make_writable(slot)) throw SimulationError("Box2D: its assertions cannot be caught here");
  pythons = found;
  __atomic_store_n(slot, reinterpret_cast<void*>(&set_error), __ATOMIC_RELEASE);
}

bool run_trapped(void (*function)(void*), void* argument, std::string& text) {
  Trap trap{};
  const Inside inside(trap);
  if (call(trap, function, argument)) return true;
  text = trap.text.data();
  return false;
}

}  // namespace bierl::box2d

#else

namespace bierl::box2d {

void trap_assertions(void*) { throw SimulationError("Box2D runs natively on 64-bit Linux alone"); }

bool run_trapped(void (*function)(void*), void* argument, std::string&) {
  function(argument);
  return true;
}

}  // namespace bierl::box2d

#endif

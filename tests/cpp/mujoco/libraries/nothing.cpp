// A library without terms.
extern "C" __attribute__((visibility("default"))) int nothing() { return 0; }

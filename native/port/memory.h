// What the process takes of the machine's memory, and giving back what the heap no longer needs.
#pragma once

#include <cstdint>

namespace distcache::port {

uint64_t ResidentBytes();       // 0 when the system does not say
uint64_t MachineMemoryBytes();  // what is installed
void TrimHeap();                // may take milliseconds: not on the hot path

}  // namespace distcache::port

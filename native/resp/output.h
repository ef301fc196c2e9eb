// What a connection still has to send: bytes in chunks, and big blocks by reference. Fallible: nothing here aborts when
// memory is short, the output then turns failed() and its connection is closed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>

#include "core/block.h"

struct iovec;

namespace distcache::resp {

class Output {
 public:
  void Append(std::string_view bytes);
  void AppendBlock(BlockRef block, size_t offset_bytes, size_t length_bytes);  // sent without a copy
  // A contiguous place for at most n bytes (n <= 512), to be followed by Advance: for numbers and short headers.
  char* Prepare(size_t n);
  void Advance(size_t n);

  size_t size_bytes() const;  // not yet consumed
  bool empty() const;
  bool failed() const;  // an allocation was refused: what follows is lost
  // Marks and cuts back to a mark: a command that has to be retried or replaced leaves nothing.
  size_t Mark() const;
  void CutBack(size_t mark);

  // For the writer of the socket: fills up to max vectors, returns how many; Consume drops what was sent.
  int Gather(struct iovec* vectors, int max) const;
  void Consume(size_t bytes);

  // (the owner of this file fills in the state)
};

}  // namespace distcache::resp

/*
 * SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash for short inputs. Pure.
 */
#ifndef SIPHASH_H
#define SIPHASH_H

#include <stddef.h>
#include <stdint.h>

#define SIPHASH_KEY 16u

uint64_t siphash(const uint8_t key[SIPHASH_KEY], const uint8_t* bytes, size_t length);

#endif

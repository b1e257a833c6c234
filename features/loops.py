"""The loops over rows of history, one pass each, written to be compiled (`features.compiled`).

Rows meet applications as pairs. An owner is whose history a row is: an applicant, or a key. A cell is one application
and one band between windows: ``band * applications + application``. Flags are bytes of 0 and 1. Where a loop takes
``at``, pair p reads its value at ``at[p]``, or at p itself when ``at`` is empty; ``by`` says the same of flags.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Small = NDArray[np.int32]
Whole = NDArray[np.int64]
Hashes = NDArray[np.uint64]
Real = NDArray[np.float64]

Positions = NDArray[np.uint32]

FREE: Final = -1
"""Number of a value that is null."""
HOUR: Final = 3_600_000_000
QUARTER: Final = HOUR // 4
"""Microseconds."""
ODD: Final = np.uint64(0x9E3779B97F4A7C15)
"""Odd and without pattern: products with it spread over the upper bits (Knuth's multiplicative hashing)."""
ONE: Final = np.uint64(1)
HALF: Final = np.uint64(32)
LOWER: Final = np.uint64(0xFFFFFFFF)


def number_hashes(
    hashes: Hashes,
    owners: Small,
    present: Bytes,
    table: Hashes,
    shift: int,
    firsts: Small,
    numbers: Small,
    whose: Small,
) -> int:
    """Give values of one owner with one hash a number, from 0 in the order of their first rows.

    Values are not compared, nor are all bits of their hashes: whoever asks must compare each with its first.

    Args:
        hashes: Equal for equal values.
        owners: Of each value.
        present: Flags: 0 for null, which gets `FREE`.
        table: Zeros, a power of two of them, more than values; filled with the upper half of what stands there: 32 bits
            of its mixed hash, and with the lower: its position, from 1.
        shift: 64 less the number of bits of a place.
        firsts: Filled with the position of the first value that looks the same.
        numbers: Filled.
        whose: Filled with the owner of each number.

    Returns:
        How many numbers there are.
    """
    mask, count = np.uint64(len(table) - 1), 0
    for i in range(len(hashes)):
        firsts[i], numbers[i] = i, FREE
        if not present[i]:
            continue
        mixed = (hashes[i] ^ (np.uint64(owners[i]) * ODD)) * ODD
        place = mixed >> np.uint64(shift)
        entry = table[place]
        while entry != 0 and (entry >> HALF) != (mixed & LOWER):
            place = (place + ONE) & mask
            entry = table[place]
        if entry == 0:
            table[place] = ((mixed & LOWER) << HALF) | np.uint64(i + 1)
            numbers[i] = count
            whose[count] = owners[i]
            count += 1
        else:
            firsts[i] = np.int32(entry & LOWER) - 1
            numbers[i] = numbers[firsts[i]]
    return count


def find_hashes(hashes: Hashes, table: Hashes, shift: int, none: int, found: Small) -> None:
    """Find where values stand among others; values are not compared: whoever asks must do that.

    Args:
        hashes: Of the values.
        table: Filled by `number_hashes` with the others, under one owner, 0.
        shift: As there.
        none: What is found where no other has the hash.
        found: Filled with the position among the others.
    """
    mask = np.uint64(len(table) - 1)
    for i in range(len(hashes)):
        mixed = hashes[i] * ODD
        place = mixed >> np.uint64(shift)
        entry = table[place]
        while entry != 0 and (entry >> HALF) != (mixed & LOWER):
            place = (place + ONE) & mask
            entry = table[place]
        found[i] = none if entry == 0 else np.int32(entry & LOWER) - 1


def pick_known(
    owners: Small, happened: Whole, known: Whole, lasts: Whole, bits: int, picked: Positions, counts: Whole
) -> int:
    """Pick the rows that the last application of their owner knew, and count them by share.

    Args:
        owners: Of each row.
        happened: When each row took place.
        known: When each row became known.
        lasts: Of each owner, the time of the last application.
        bits: Owners of one share have equal numbers but for so many lower bits.
        picked: Filled with positions of rows; as long as there are rows.
        counts: Of each share, added to.

    Returns:
        How many rows are picked.
    """
    count = 0
    for row in range(len(owners)):
        # Every row is written and then kept or written over: which ones are known no processor can guess.
        picked[count] = row
        is_known = int(max(happened[row], known[row]) < lasts[owners[row]])
        counts[owners[row] >> bits] += is_known
        count += is_known
    return count


def deal_known(
    picked: Positions,
    owners: Small,
    happened: Whole,
    known: Whole,
    bits: int,
    starts: Whole,
    rows: Positions,
    whose: Small,
    since: Whole,
    times: Whole,
) -> None:
    """Put picked rows into the order of their shares.

    Args:
        picked: Positions of rows.
        owners: Of each row.
        happened: When each row took place.
        known: When each row became known.
        bits: As for `pick_known`.
        starts: Of each share, where its rows begin; moved to their end.
        rows: Filled with positions of rows.
        whose: Filled with their owners within the share.
        since: Filled with since when they count: when they had happened and were known.
        times: Filled with when they took place.
    """
    for row in picked:
        share = owners[row] >> bits
        place = starts[share]
        starts[share] += 1
        rows[place] = row
        whose[place] = owners[row] - (share << bits)
        since[place] = max(happened[row], known[row])
        times[place] = happened[row]


def fill_pairs(owners: Small, since: Whole, starts: Whole, times: Whole, rows: Small, places: Small) -> int:
    """Put each row beside the applications of its owner, from the last one back, as far as they knew it.

    Args:
        owners: Of each row.
        since: Of each row, since when it counts: it is known to applications after that.
        starts: Of each owner, the first place of its applications in the line, and the end of the line.
        times: Of each place, when its application was handed in; those of one owner in ascending order.
        rows: Filled with the row of each pair.
        places: Filled with the place of each pair's application.

    Returns:
        How many pairs there are.
    """
    pair = 0
    for row in range(len(owners)):
        place, first = starts[owners[row] + 1] - 1, starts[owners[row]]
        while place >= first and since[row] < times[place]:
            rows[pair] = row
            places[pair] = place
            pair += 1
            place -= 1
    return pair


def band_pairs(rows: Small, places: Small, happened: Whole, times: Whole, ends: Whole, bands: Small) -> None:
    """Put pairs into bands by how long before its application the row of each happened.

    Args:
        rows: Of each pair, its row.
        places: Of each pair, the place of its application.
        happened: Of each row, when it took place.
        times: Of each place, when its application was handed in.
        ends: How far back each band but the last reaches; a row of exactly that age is in it.
        bands: Filled.
    """
    for pair in range(len(rows)):
        age, band = times[places[pair]] - happened[rows[pair]], 0
        for end in ends:
            band += age > end
        bands[pair] = band


def count_cells(cells: Small, chosen: Bytes, by: Small, counts: Whole) -> None:
    """Count the chosen pairs of each cell; ``counts`` is added to."""
    for pair in range(len(cells)):
        if chosen[by[pair] if len(by) else pair]:
            counts[cells[pair]] += 1


def sum_cells(
    cells: Small, chosen: Bytes, by: Small, at: Small, values: Whole, present: Bytes, sums: Whole, counts: Whole
) -> None:
    """Add up and count the values of the chosen pairs of each cell; ``sums`` and ``counts`` are added to.

    Args:
        cells: Of each pair.
        chosen: Flags.
        by: Where pairs read them.
        at: Where pairs read their values.
        values: The values.
        present: Flags: 0 for null; empty where none is null.
        sums: Added to.
        counts: Added to.
    """
    for pair in range(len(cells)):
        if chosen[by[pair] if len(by) else pair]:
            position = at[pair] if len(at) else pair
            if not len(present) or present[position]:
                sums[cells[pair]] += values[position]
                counts[cells[pair]] += 1


def largest_of_cells(cells: Small, chosen: Bytes, by: Small, at: Small, values: Real, largest: Real) -> None:
    """Find the largest value of the chosen pairs of each cell; NaN values are left out.

    Args:
        cells: Of each pair.
        chosen: Flags.
        by: Where pairs read them.
        at: Where pairs read their values.
        values: NaN for null.
        largest: NaN at first; filled.
    """
    for pair in range(len(cells)):
        if chosen[by[pair] if len(by) else pair]:
            value = values[at[pair] if len(at) else pair]
            # Also true where there is no largest one yet, for nothing is less than or equal to NaN.
            if not np.isnan(value) and not value <= largest[cells[pair]]:
                largest[cells[pair]] = value


def slots_of_numbers(owners: Small, starts: Whole, seats: Small, bases: Whole, applications: Small) -> None:
    """Give each number a run of slots: one for each application of its owner.

    Args:
        owners: Of each number.
        starts: Of each owner, the first place of its applications, and the end of the line.
        seats: Of each place, which application is there.
        bases: Filled, for each number, with its first slot less the first place of its owner.
        applications: Filled, for each slot, with its application.
    """
    slot = 0
    for number in range(len(owners)):
        first, end = starts[owners[number]], starts[owners[number] + 1]
        bases[number] = slot - first
        for place in range(first, end):
            applications[slot] = seats[place]
            slot += 1


def slots_of_rows(numbers: Small, bases: Whole, rows: Small, places: Small, slots: Small) -> None:
    """Give each value of each application a slot: values of an owner have a run of slots, one for each application.

    Args:
        numbers: Of each row, the number of its value, or `FREE`.
        bases: Of each number, its first slot less the first place of its owner.
        rows: Of each pair, its row.
        places: Of each pair, the place of its application.
        slots: Filled for each pair; `FREE` where its value is null.
    """
    for pair in range(len(rows)):
        number = numbers[rows[pair]]
        slots[pair] = FREE if number == FREE else bases[number] + places[pair]


def smallest_of_slots(slots: Small, chosen: Bytes, by: Small, bands: Small, smallest: Small) -> None:
    """Find the smallest band of the chosen pairs of each slot; ``smallest`` is lowered where there is one."""
    for pair in range(len(slots)):
        if chosen[by[pair] if len(by) else pair] and slots[pair] != FREE and bands[pair] < smallest[slots[pair]]:
            smallest[slots[pair]] = bands[pair]


def count_slots(bands: Small, none: int, applications: Small, size: int, counts: Whole) -> None:
    """Count the slots of each cell.

    Args:
        bands: Of each slot, or ``none``: it is not counted then.
        none: Stands for no band.
        applications: Of each slot, its application.
        size: How many applications there are.
        counts: Added to.
    """
    for slot in range(len(bands)):
        if bands[slot] != none:
            counts[bands[slot] * size + applications[slot]] += 1


def local_hours(utc: Whole, offsets: Whole, first: int, hours: Real) -> None:
    """Find the local hour of times.

    Args:
        utc: Times in microseconds.
        offsets: What is added to UTC to give local time, for each quarter of an hour from the first one on.
        first: Quarters of an hour from 1970 to the first one.
        hours: Filled.
    """
    for i in range(len(utc)):
        hours[i] = (utc[i] + offsets[utc[i] // QUARTER - first]) // HOUR % 24

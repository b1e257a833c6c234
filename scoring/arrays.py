"""Named arrays as the bytes of an ``.npz`` file, the same bytes for the same arrays, and a reader that trusts none."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from scoring.errors import BundleFormatError

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


def pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return arrays as an uncompressed ``.npz``: members by name, all dated 1980, no pickle."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression=zipfile.ZIP_STORED) as archive:
        for name in sorted(arrays):
            member = zipfile.ZipInfo(f"{name}.npy", date_time=_EPOCH)
            member.create_system = 3
            archive.writestr(member, _npy(np.ascontiguousarray(arrays[name])))
    return buffer.getvalue()


def _npy(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    npy.write_array(buffer, array, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def unpack(data: bytes, expected: Mapping[str, tuple[str, int]], file: str) -> dict[str, NDArray[Any]]:
    """Return the arrays of an ``.npz`` that must hold exactly these.

    Nothing is decompressed, unpickled or allocated by what a header claims.

    Args:
        data: The file's bytes.
        expected: Name of each array to its type and number of dimensions.
        file: Name of the file, for messages.

    Raises:
        BundleFormatError: Says which array is wrong and how.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            names = sorted(member.filename for member in members)
            if names != sorted(f"{name}.npy" for name in expected):
                raise BundleFormatError(f"{file} must hold the arrays {', '.join(sorted(expected))} and no other")
            if any(member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1 for member in members):
                raise BundleFormatError(f"{file} holds compressed or encrypted arrays")
            if sum(member.file_size for member in members) > len(data):
                raise BundleFormatError(f"{file} claims more bytes than it has")
            return {name: _array(archive.read(f"{name}.npy"), *expected[name], f"{file}/{name}") for name in expected}
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError, RuntimeError, IndexError) as error:
        raise BundleFormatError(f"{file} is not an .npz file: {error}") from error


def _array(data: bytes, dtype: str, dimensions: int, where: str) -> NDArray[Any]:
    buffer = io.BytesIO(data)
    if npy.read_magic(buffer) != (1, 0):
        raise BundleFormatError(f"{where} is of another .npy version than 1.0")
    try:
        shape, fortran, found = npy.read_array_header_1_0(buffer)
    except Exception as error:  # numpy's header parser raises whatever Python's tokenizer does
        raise BundleFormatError(f"{where} has a header that cannot be read") from error
    if found != np.dtype(dtype) or fortran or len(shape) != dimensions:
        raise BundleFormatError(f"{where} must be {dimensions}-dimensional, of {dtype} and in C order")
    count = 1
    for size in shape:
        count *= size
    if min(shape, default=0) < 0 or count * found.itemsize != len(data) - buffer.tell():
        raise BundleFormatError(f"{where} claims a shape that its bytes do not have")
    array = np.frombuffer(data, dtype=found, offset=buffer.tell()).reshape(shape)
    array.flags.writeable = False
    return array

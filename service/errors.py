"""What can go wrong with a request, before or beside what the scorer and the features refuse themselves.

ServiceError
├── ListenError            nothing can listen at a host and port
├── RefusedError           a request gets this instead of an answer: a status, and which field is wrong and how
└── ClientGoneError        the client left before its request was whole
"""

from __future__ import annotations


class ServiceError(Exception):
    """Something is wrong with a request, or with how it came."""


class ListenError(ServiceError):
    """Nothing can listen at a host and port."""

    def __init__(self, host: str, port: int, error: OSError) -> None:
        super().__init__(
            f"nothing can listen on port {port} of {host!r}: {error.strerror or error}. Give another port, or 0 for a "
            "free one; the host must be an address of this machine"
        )


class RefusedError(ServiceError):
    """A request gets a problem document in the place of an answer.

    Attributes:
        status: HTTP status.
        code: What is wrong, as a short fixed name for programs, such as ``missing_feature``.
        detail: What was found, what was expected and the way out; printable, and never a whole long value.
        field: Which part of the request, such as ``cases[3].features.income``; None when it is not about one.
        close: Whether the connection ends with the answer, because the rest of the request is not read.
    """

    def __init__(self, status: int, code: str, detail: str, field: str | None = None, *, close: bool = False) -> None:
        self.status = status
        self.code = code
        self.detail = detail
        self.field = field
        self.close = close
        super().__init__(f"{status} {code}: {detail}")


class ClientGoneError(ServiceError):
    """The client left before its request was whole; there is nobody to answer."""

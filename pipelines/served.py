"""What `bamboo serve` serves: a bundle and the features of a contract, read at the start and at each reload."""

from __future__ import annotations

from pathlib import Path

from pipelines.contract import TablesContract, read_contract
from pipelines.contract_rules import tables_of
from pipelines.own_modules import load_catalogue
from service.serving import Serving, load_serving


def load_served(
    bundle: Path, *, public_key: bytes | None = None, contract: Path | None = None, accelerate: bool = False
) -> Serving:
    """Read a bundle and, where a contract is given, what it says of dated tables: features, categories, time zone.

    Args:
        bundle: Folder of the bundle.
        public_key: Ed25519 key, 32 raw bytes or the bytes of a PEM file; when given, the bundle must be signed by it.
        contract: ``contract.yaml`` of the lender; one of a flat table adds nothing, for its features come as they are.
        accelerate: Whether numba compiles the scorer's arithmetic.

    Raises:
        BundleError: the bundle cannot be trusted.
        AcceleratorError: numba cannot be imported.
        MissingFileError: there is no such contract, or a module that it names.
        ContractError: the contract cannot be read.
        OwnModuleError: a module of the contract cannot be used.
    """
    said = TablesContract() if contract is None else read_contract(contract)
    dated = said if isinstance(said, TablesContract) else TablesContract()
    return load_serving(
        bundle,
        public_key=public_key,
        accelerate=accelerate,
        catalogue=load_catalogue(dated),
        time_zone=dated.time_zone,
        tables=tables_of(dated),
    )

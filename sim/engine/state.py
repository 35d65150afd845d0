"""The state of a compiled data plane: one pointer to a table of array addresses.

`state.field[i]` in a kernel is a load through the table, which never changes inside one call. Handing the state to a
function costs one register, however many arrays there are. In plain Python the same expression reads the NumPy array,
so one source runs with and without compilation. The object owns the arrays; the table holds raw addresses.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numba.core.cgutils
import numba.core.typing.templates
import numba.extending
import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numpy.typing import NDArray

# Numba's own types are incomplete.
cgutils: Any = numba.core.cgutils
extending: Any = numba.extending
types: Any = numba.types
Template: Any = numba.core.typing.templates.AttributeTemplate

ITEM = {
    str(np.dtype(item.name)): item
    for item in (types.float64, types.int64, types.int32, types.int16, types.int8, types.uint64)
}


class PtrStateType(types.Type):  # type: ignore[misc]
    """The Numba type of a state: its fields and their items, part of the cache key."""

    def __init__(self, fields: tuple[tuple[str, str], ...]) -> None:
        self.fields = fields
        super().__init__(name=f"PtrState({','.join(f'{name}:{item}' for name, item in fields)})")


extending.register_model(PtrStateType)(extending.models.OpaqueModel)


class PtrState:
    """Arrays by name. Replace one only between kernel calls, and only through `rebind`."""

    _address: int
    _numba_type_: PtrStateType  # where Numba looks first: a call costs a microsecond, else three

    def __init__(self, **arrays: NDArray[Any]) -> None:
        self._names = tuple(arrays)
        self.rebind(**arrays)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"the state has no field {name!r}")

    def rebind(self, **arrays: NDArray[Any]) -> None:
        """Replace some arrays and write down all addresses anew."""
        self.__dict__.update(arrays)
        own = [self.__dict__[name] for name in self._names]
        if not all(array.flags.c_contiguous for array in own):
            raise ValueError("a state holds contiguous arrays only")
        self._table = np.array([array.ctypes.data for array in own], np.uint64)
        self._address = self._table.ctypes.data
        self._numba_type_ = _type_of(self._names, tuple(array.dtype for array in own))


@lru_cache(maxsize=64)
def _type_of(names: tuple[str, ...], items: tuple[np.dtype[Any], ...]) -> PtrStateType:
    return PtrStateType(tuple((name, str(item)) for name, item in zip(names, items, strict=True)))


@extending.unbox(PtrStateType)
def _address_of_state(_: Any, value: Any, context: Any) -> Any:
    address = context.pyapi.object_getattr_string(value, "_address")
    pointer = context.pyapi.long_as_voidptr(address)
    context.pyapi.decref(address)
    return extending.NativeValue(pointer, is_error=cgutils.is_not_null(context.builder, context.pyapi.err_occurred()))


@extending.infer_getattr
class _Fields(Template):  # type: ignore[misc]
    key = PtrStateType

    def generic_resolve(self, state: PtrStateType, name: str) -> Any:
        item = dict(state.fields).get(name)
        return types.CPointer(ITEM[item]) if item else None


@extending.lower_getattr_generic(PtrStateType)
def _load_field(context: Any, builder: Any, state: PtrStateType, value: Any, name: str) -> Any:
    place = [field for field, _ in state.fields].index(name)
    pointer = context.get_value_type(types.CPointer(ITEM[state.fields[place][1]]))
    table = builder.bitcast(value, pointer.as_pointer())
    load = builder.load(builder.gep(table, [ir.Constant(ir.IntType(64), place)]))
    load.set_metadata("invariant.load", builder.module.add_metadata([]))
    return load

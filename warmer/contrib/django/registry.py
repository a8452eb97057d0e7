"""`@warms(Model)`: what else a save of a model makes stale, such as lists and the home page.

Keeps functions, calls none of them, and knows no signals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Urls: TypeAlias = Callable[[Any], Iterable[str]]

_registered: dict[type, list[Urls]] = {}
_listeners: list[Callable[[type], None]] = []


def warms(*models: type) -> Callable[[Urls], Urls]:
    """Register a function from an instance to URLs, absolute or paths, for each save and delete.

    Also called with the instance as it was before the save. Subclasses are included.
    """

    def register(urls: Urls) -> Urls:
        for model in models:
            _registered.setdefault(model, []).append(urls)
            for listener in _listeners:
                listener(model)
        return urls

    return register


def listen(listener: Callable[[type], None]) -> None:
    """Call this with every model that is registered from now on."""
    _listeners.append(listener)


def registered(model: type) -> Iterator[Urls]:
    """The functions for a model and what it inherits from, in the order of registration."""
    for known, functions in _registered.items():
        if issubclass(model, known):
            yield from functions

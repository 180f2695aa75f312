"""The base of pydantic models that a Lambda has at its start and needs at some requests only."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

#: Also for type adapters. Building a schema takes about as long as loading the module that declares it.
DEFERRED = ConfigDict(defer_build=True)


class DeferredModel(BaseModel):
    """A model whose schema pydantic builds when it is first used."""

    model_config = DEFERRED

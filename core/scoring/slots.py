"""From a comment's token ids to six yes-or-no answers in one forward pass, the prompt's opening computed once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.scoring.forward import Runner, unwrapped
from core.scoring.prompt import TRUNK, Layout, Prompt, lay_out

if TYPE_CHECKING:
    import torch

Cache = list[tuple["torch.Tensor", "torch.Tensor"]]
"""Keys and values of each layer, [1, heads, tokens, size]."""


def slot_states(
    model: Any, layout: Layout, *, device: str, autocast: bool, opening: Cache | None = None
) -> "torch.Tensor":
    """States [n, 6, hidden] at the ends of the questions. `opening` is the cache of a layout that leaves it out.

    A question sees the opening, the comment and itself, and no other question: its answer is the one that the plain
    causal model gives to it alone, so six prompts cost one pass, and no label depends on which others are asked.
    """
    import torch

    tensors = (layout.ids, layout.positions, layout.branches, layout.slots)
    ids, positions, branches, slots = (torch.from_numpy(array).to(device) for array in tensors)
    past = _expand(opening, len(ids)) if opening else None
    with torch.autocast(ids.device.type, torch.bfloat16, enabled=autocast):
        states = unwrapped(model).base_model(
            input_ids=ids,
            position_ids=positions,
            attention_mask=_seen(branches, past.get_seq_length() if past else 0),
            past_key_values=past,
            use_cache=past is not None,
        )
    return states.last_hidden_state[torch.arange(len(ids), device=ids.device)[:, None], slots]


def _seen(branches: "torch.Tensor", past: int) -> "torch.Tensor":
    """[n, 1, longest, past + longest]: which token sees which, itself and of those before it the trunk and its own
    branch. Filling sees something too, or its attention would divide by zero."""
    import torch

    before = torch.ones(branches.shape[1], branches.shape[1], dtype=torch.bool, device=branches.device).tril()
    own = branches[:, :, None] == branches[:, None, :]
    seen = before & (own | (branches == TRUNK)[:, None, :])
    return torch.nn.functional.pad(seen, (past, 0), value=True)[:, None]


def answers(model: Any, states: "torch.Tensor", prompt: Prompt) -> "torch.Tensor":
    """Logit of yes minus logit of no, fp32 [n, 6], of states [n, 6, hidden]: two rows of the output matrix, never
    the whole vocabulary."""
    import torch

    out = unwrapped(model).get_output_embeddings()
    yes, no = (out.weight[token].float() for token in (prompt.yes, prompt.no))
    with torch.autocast(states.device.type, enabled=False):
        scores = states.float() @ (yes - no)
        bias = getattr(out, "bias", None)
        return scores if bias is None else scores + (bias[prompt.yes] - bias[prompt.no]).float()


def opening_cache(model: Any, prompt: Prompt, *, device: str, autocast: bool) -> Cache:
    """Keys and values of the opening, which is the same for every comment."""
    import torch
    from transformers import DynamicCache

    cache = DynamicCache()
    with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=autocast):
        ids = torch.tensor([prompt.opening], device=device)
        unwrapped(model).base_model(input_ids=ids, past_key_values=cache, use_cache=True)
    layers: list[Any] = cache.layers
    return [(layer.keys, layer.values) for layer in layers]


def _expand(opening: Cache, rows: int) -> Any:
    """A cache of its own for a batch: the forward pass adds to it."""
    from transformers import DynamicCache

    cache = DynamicCache()
    for layer, (keys, values) in enumerate(opening):
        cache.update(keys.expand(rows, -1, -1, -1), values.expand(rows, -1, -1, -1), layer)
    return cache


@dataclass(slots=True, kw_only=True)
class SlotRunner(Runner):
    """A language model on its device. `logits` takes comments' token ids without anything around them."""

    prompt: Prompt
    cached: bool = True
    """Whether the opening is computed once and kept, rather than anew in every row."""
    _opening: Cache | None = field(default=None, repr=False)

    def length(self, row: Sequence[int]) -> int:
        """Tokens that a comment's row takes, the opening included where it is computed."""
        return len(row) + self.prompt.tail + (0 if self.cached else len(self.prompt.opening))

    def forget(self) -> None:
        """Drop the opening's cache: the weights have changed."""
        self._opening = None

    def _forward(self, rows: Sequence[Sequence[int]]) -> "torch.Tensor":
        if self.cached and self._opening is None:
            self._opening = opening_cache(self.model, self.prompt, device=self.device, autocast=self.autocast)
        layout = lay_out(self.prompt, rows, pad=self.pad, opened=self.cached)
        states = slot_states(
            self.model,
            layout,
            device=self.device,
            autocast=self.autocast,
            opening=self._opening if self.cached else None,
        )
        return answers(self.model, states, self.prompt)

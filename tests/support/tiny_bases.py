"""Bases of a few thousand parameters, as Hugging Face folders: random ones, and the real LLaMA of llama2.c."""

import struct
from pathlib import Path

import numpy as np

WORDS = "you are a kind idiot thanks for the nice article i will kill find stupid hate people go away please read"


def write_base(folder: Path, shape: str = "llama", *, seed: int = 0, pad: str | None = "<unk>") -> Path:
    """A random base of shape llama, mixtral or bert, with a tokenizer of a few hundred words."""
    import torch
    from transformers import AutoModel, AutoModelForCausalLM

    torch.manual_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    write_tokenizer(folder, bert=shape == "bert", pad=pad)
    config = _config(shape)
    maker = AutoModel if shape == "bert" else AutoModelForCausalLM
    maker.from_config(config, dtype=torch.float32).save_pretrained(folder)
    return folder


def _config(shape):
    from transformers import BertConfig, LlamaConfig, MixtralConfig

    common = {"vocab_size": 320, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2}
    common |= {"num_attention_heads": 4, "max_position_embeddings": 512, "initializer_range": 0.2}
    if shape == "bert":
        return BertConfig(**common, pad_token_id=0)
    common |= {"num_key_value_heads": 2, "bos_token_id": 1, "eos_token_id": 2}
    if shape == "mixtral":
        return MixtralConfig(**common, num_local_experts=4, num_experts_per_tok=2)
    return LlamaConfig(**common)


def write_tokenizer(folder: Path, *, bert: bool = False, pad: str | None = None, names=None) -> None:
    """Bytes and a few merges; <s> or [CLS] before each text, [SEP] after it for bert."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["[PAD]", "[CLS]", "[SEP]", "[UNK]"] if bert else ["<unk>", "<s>", "</s>"]
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=320, special_tokens=special, initial_alphabet=alphabet)
    backend.train_from_iterator([WORDS] * 3, trainer)
    single = "[CLS] $A [SEP]" if bert else "<s> $A"
    ids = [(token, backend.token_to_id(token)) for token in special]
    backend.post_processor = processors.TemplateProcessing(single=single, special_tokens=ids)
    usual = {"pad_token": "[PAD]"} if bert else {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    if not bert and pad:
        usual["pad_token"] = pad
    names = usual if names is None else names
    PreTrainedTokenizerFast(tokenizer_object=backend, **names).save_pretrained(folder)


def convert_tiny_llama(data: Path, folder: Path) -> Path:
    """llama2.c's stories260K.bin and tok512.bin as a Hugging Face folder."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    raw = (data / "stories260K.bin").read_bytes()
    dim, hidden, layers, heads, groups, vocab, steps = struct.unpack("<7i", raw[:28])
    config = LlamaConfig(
        vocab_size=vocab,
        hidden_size=dim,
        intermediate_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=groups,
        max_position_embeddings=steps,
        tie_word_embeddings=True,
        bos_token_id=1,
        eos_token_id=2,
    )
    model = LlamaForCausalLM(config)
    state = _weights(np.frombuffer(raw, "<f4", offset=28), config)
    model.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in state.items()}, strict=False)
    model.tie_weights()
    model.save_pretrained(folder)
    _write_llama_tokenizer(data / "tok512.bin", folder)
    return folder


def _weights(values, config):
    dim, hidden, layers = config.hidden_size, config.intermediate_size, config.num_hidden_layers
    keys = dim // config.num_attention_heads * config.num_key_value_heads
    at = 0

    def take(*shape):
        nonlocal at
        size = int(np.prod(shape))
        at += size
        return values[at - size : at].reshape(shape)

    state = {"model.embed_tokens.weight": take(config.vocab_size, dim)}
    parts = {
        "input_layernorm": (dim,),
        "self_attn.q_proj": (dim, dim),
        "self_attn.k_proj": (keys, dim),
        "self_attn.v_proj": (keys, dim),
        "self_attn.o_proj": (dim, dim),
        "post_attention_layernorm": (dim,),
        "mlp.gate_proj": (hidden, dim),
        "mlp.down_proj": (dim, hidden),
        "mlp.up_proj": (hidden, dim),
    }
    for name, shape in parts.items():
        for layer, weight in enumerate(take(layers, *shape)):
            turned = _halves(weight, config) if name.endswith(("q_proj", "k_proj")) else weight
            state[f"model.layers.{layer}.{name}.weight"] = turned
    return state | {"model.norm.weight": take(dim)}


def _halves(weight, config):
    """Rotary pairs side by side, as llama2.c has them, to halves apart, as Hugging Face has them."""
    size = config.hidden_size // config.num_attention_heads
    return weight.reshape(-1, size // 2, 2, weight.shape[1]).swapaxes(1, 2).reshape(weight.shape)


def _write_llama_tokenizer(path: Path, folder: Path) -> None:
    from tokenizers import Tokenizer, decoders, models, normalizers, processors
    from transformers import PreTrainedTokenizerFast

    pieces = _pieces(path.read_bytes())
    vocab = {piece: number for number, piece in enumerate(pieces)}
    merges = [
        (piece[:cut], piece[cut:])
        for piece in pieces[259:]
        for cut in range(1, len(piece))
        if piece[:cut] in vocab and piece[cut:] in vocab
    ]
    backend = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    backend.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    backend.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    backend.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    names = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}
    PreTrainedTokenizerFast(tokenizer_object=backend, **names).save_pretrained(folder)


def _pieces(raw: bytes) -> list[str]:
    """The vocabulary of tok512.bin, in order of id; ids above 258 are in order of merging."""
    pieces, at = [], 4
    while at < len(raw):
        (length,) = struct.unpack_from("<i", raw, at + 4)
        pieces.append(raw[at + 8 : at + 8 + length].decode().replace(" ", "▁").strip("\n") or "\n")
        at += 8 + length
    return pieces

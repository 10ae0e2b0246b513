"""Where the benchmarks find labelled comments, and what they say when there are none."""

import os
import sys
from pathlib import Path

from training.data import LabelledRows, read_rows

SHIPPED = Path(__file__).parents[1] / "models" / "starter"


def data_folder() -> Path:
    """MODERATO_DATA, else shared/data beside the checkout."""
    return Path(os.environ.get("MODERATO_DATA", Path(__file__).parents[2] / "shared" / "data"))


def jigsaw() -> LabelledRows:
    """The labelled rows; exits with a plain sentence where they are not."""
    path = data_folder() / "jigsaw" / "train.csv.gz"
    if not path.is_file():
        sys.exit(f"Not measured: {path} is not there. Set MODERATO_DATA to the folder that holds jigsaw/train.csv.gz.")
    return read_rows(path)

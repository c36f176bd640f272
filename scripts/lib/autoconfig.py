"""Loads config.json of folders with transformers: autoconfig.py FOLDER…

Prints as JSON, for each folder: the version, the kind of configuration it became, the base of the rotary positions,
and what transformers would save of it, in short and in full.
"""

import json
import sys

import transformers


def loaded(folder):
    config = transformers.AutoConfig.from_pretrained(folder)
    full = config.to_dict()
    # Version 5 keeps the rotary base within `rope_parameters`, version 4 beside them.
    theta = full["rope_parameters"]["rope_theta"] if "rope_parameters" in full else config.rope_theta
    return {
        "version": transformers.__version__,
        "kind": type(config).__name__,
        "rope_theta": theta,
        "full": full,
        "short": config.to_diff_dict(),
    }


print(json.dumps([loaded(folder) for folder in sys.argv[1:]]))

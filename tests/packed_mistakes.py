"""Print all mistaken functions of the bank as JSON, packed by value, for tests/classroom.py.

This is a process of its own because functions whose coverage is measured cannot be packed.
"""

import base64
import json
import sys

import cloudpickle

from lmmteach.exercises import bank
from lmmteach.exercises.bank import EXERCISES
from lmmteach.exercises.kinds import Function


def packed():
    """``{key: {tag: text}}`` of all function exercises."""
    # They lean on others in the bank, which is not there where worksheets are marked.
    for name, module in list(sys.modules.items()):
        if name.startswith(f"{bank.__name__}."):
            cloudpickle.register_pickle_by_value(module)
    return {
        key: {
            wrong.tag: base64.b64encode(cloudpickle.dumps(wrong.gives)).decode()
            for wrong in exercise.wrong
        }
        for key, exercise in EXERCISES.items()
        if isinstance(exercise, Function)
    }


if __name__ == "__main__":
    print(json.dumps(packed()))

"""What printed tables and figures call a layer: ``linear-ce``, ``hidden-mse``, …"""

import re

import pandas as pd

from rmt_hessian.ensemble import Ensemble

DESCRIBED = re.compile(r"\d+(-\d+)+")  # widths of a network
LAYERS = {(1, 0): "linear", (2, 0): "hidden", (2, 1): "output"}  # (layers, layer)


def with_cases(table):
    """The table of a sweep with a column ``case``, of the rows that say a layer and a loss.

    Layers of deeper networks are called by their number. Another scale of the weights, or another
    activation of hidden layers, than the default is told.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = {"widths": ["9-3", "9-4-3", "9-4-4-3"], "layer": [0, 1, 2], "loss": ["ce"] * 3}
    >>> with_cases(pd.DataFrame(rows))["case"].tolist()
    ['linear-ce', 'output-ce', 'layer 2 of 3-ce']
    """
    if not {"widths", "layer", "loss"} <= set(table):
        return table
    rows = table.reindex(columns=["widths", "layer", "loss", "init", "activation"]).itertuples(
        index=False
    )
    return table.assign(case=[_case(*row) for row in rows])


def _case(widths, layer, loss, init, activation):
    if not isinstance(loss, str) or not DESCRIBED.fullmatch(str(widths)) or pd.isna(layer):
        return None
    depth = widths.count("-")
    layer = int(layer) % depth  # -1 is the last
    name = f"{LAYERS.get((depth, layer), f'layer {layer} of {depth}')}-{loss}"
    if isinstance(init, str) and init != Ensemble.init:
        name += f"-{init}"
    if isinstance(activation, str) and activation != Ensemble.activation and depth > 1:
        name += f"-{activation}"
    return name


def of_hidden_layer(table):
    """The rows of the hidden layer of networks that have one."""
    return table[(table["widths"].str.count("-") == 2) & (table["layer"] % 2 == 0)]  # 0 or -2

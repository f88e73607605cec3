"""What a sweep says of its results: sections of titles, tables and meanings of columns.

`SECTIONS` says which function reports which measurements; what stands in none of them, a
measurement of your own, is reported by `own_sections`. `report_of` is the whole text.
"""

from rmt_hessian.report.block_structure import block_sections
from rmt_hessian.report.bounds import bounds_sections
from rmt_hessian.report.decoupled import decoupled_sections
from rmt_hessian.report.figure_one import figure_one_sections
from rmt_hessian.report.layer_pairs import layer_pair_sections
from rmt_hessian.report.layers import layer_sections
from rmt_hessian.report.layout import format_section
from rmt_hessian.report.outliers import outlier_sections
from rmt_hessian.report.own import own_sections
from rmt_hessian.report.real_heads import real_head_sections
from rmt_hessian.report.structure import structure_sections
from rmt_hessian.report.trained_eigenspaces import trained_eigenspaces_sections
from rmt_hessian.report.trained_laws import trained_law_sections
from rmt_hessian.report.trained_spectra import trained_spectra_sections
from rmt_hessian.report.training import training_sections

SECTIONS = {
    block_sections: ("block_norms", "block_spectra", "output_rank"),
    structure_sections: ("population_rank", "kronecker_form", "network_kronecker", "eigenspaces"),
    outlier_sections: ("outliers",),
    decoupled_sections: ("decoupled_hessian",),
    layer_pair_sections: ("training_images", "trained_layer_pairs"),
    trained_spectra_sections: ("trained_spectra",),
    trained_eigenspaces_sections: ("trained_eigenspaces",),
    figure_one_sections: ("figure_one",),
    trained_law_sections: ("trained_laws", "trained_heads", "trained_paths", "trained_shares"),
    real_head_sections: (
        "real_heads",
        "real_head_structure",
        "real_head_confusions",
        "real_head_blocks",
        "real_layers",
    ),
    training_sections: ("dynamic_force",),
    bounds_sections: ("pac_bayes", "pac_bayes_search"),
    layer_sections: ("layer_spectra", "cross_layer_norms"),
}


def sections_of(table):
    """Yield all sections of a table of a sweep, those of measurements of your own last."""
    known = [name for names in SECTIONS.values() for name in names]
    for sections in SECTIONS:
        yield from sections(table)
    yield from own_sections(table[~table["measurement"].isin(known)])


def report_of(table):
    """All sections as text, of at most 100 columns."""
    return "\n\n".join(map(format_section, sections_of(table)))

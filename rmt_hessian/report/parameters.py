"""What the parameters of points mean, in one line each: the legend of printed tables."""

MEANINGS = {
    # of the case
    "case": "layer and loss; -he, …: scale of weights or activation, if not the default",
    "part": "diagonal: block (0, 0) of the layer; off_diagonal: block (0, 1); layer: the whole",
    "widths": "inputs, hidden units, outputs; weights without biases",
    "layer": "counted from 0, the first; -1: the last",
    "loss": "ce: softmax cross-entropy; mse: squared error",
    "aspect_ratio": "d/N",
    "n_inputs": "d, numbers an input has",
    "n_classes": "C, outputs of the network",
    "n_hidden": "m, units of each hidden layer",
    "n_samples": "N, samples that the Hessian is a mean over",
    "units": "hidden units and outputs",
    "d": "inputs; m: as many as hidden units",
    "fixed": "what is the same at all N",
    "block": "largest, median of all; pair: largest off the diagonal; random: of a random head",
    "basis": "in which the posterior has independent coordinates",
    "init": "scale of the Gaussian weights",
    "activation": "of hidden layers",
    "relative_error": "wanted of E[M]: samples are drawn until it is reached",
    "n_top": "eigenvectors looked at",
    "pixels": "of the picture",
    # of the data
    "inputs": "law of the inputs, or data",
    "input_mean": "added to every input",
    "standardised": "whether features have mean 0 and variance 1",
    "data": "law of the inputs, or data",
    "images": "data; files: those in the folder",
    "folder": "where the images are",
    "random_labels": "whether labels are independent of the inputs",
    "separation": "norm of each class mean; standard deviation within a class: 1",
    "n_groups": "groups of classes whose means are correlated",
    "correlation": "of two class means of one group",
    "imbalance": "each class is so many times as frequent as the next",
    "network": "lenet5: its first linear layer; resnet: a convolution of its last block",
    "batch_norm": "where it stands, between convolution and ReLU or behind ReLU",
    "n_training": "digits that the networks learn",
    # of the training
    "epochs": "passes over the digits",
    "optimiser": "of the training",
    "learning_rate": "of the training, or of the search for a posterior",
    "momentum": "of the training",
    "schedule": "of the learning rate",
    "batch_size": "samples a step",
    "steps": "of the training, or of the search for a posterior",
    "weight_decay": "μ of the term μ/2 ‖θ‖² that is minimised too",
    "n_checkpoints": "steps at which the Hessian is measured",
    "percent": "of the steps of the training that are done",
    "training_steps": "of the network, before all else",
    "training_rate": "learning rate of the network",
    "training_batch": "samples a step of the network's training",
    "ridge": "μ of the term μ/2 ‖V‖² that is minimised too",
    "largest_ridge": "of the path",
    "smallest_ridge": "of the path",
    "n_ridges": "on the path",
    "gradient_steps": "of gradient descent",
    "features": "of the head: the inputs, or those of a random or trained hidden layer",
    "n_units": "of the hidden layer",
    # of bounds
    "n_draws": "from the posterior, for the error on the samples",
    "largest_prior_variance": "of the grid of prior variances",
    "largest_exact": "weights of a layer, beyond which there is no basis exact",
    "n_doublings": "of the steps of the search",
    # of heads
    "head": "network whose last layer it is",
    "temperature": "what logits are divided by; –: 1",
    "n_measured": "samples that there are, at most n_samples",
    "blanks": "whether steps of a line without a letter count",
}
OTHER = "parameter of the sweep; –: its default"


def meaning_of(name):
    """The line of a parameter; one line for all those of measurements of your own.

    Examples
    --------
    >>> meaning_of("loss"), meaning_of("n_sheep")
    ('ce: softmax cross-entropy; mse: squared error', 'parameter of the sweep; –: its default')
    """
    return MEANINGS.get(name, OTHER)

"""What is simulated: inputs, networks, losses, training.

Doors, in reading order:

* ``inputs``: inputs of many laws, and labels
* ``mixtures``: Gaussian mixtures, a class a component
* ``datasets``: real data
* ``networks``: `Network`
* ``sampling``: a network, inputs and labels of an `Ensemble`
* ``losses``: cross-entropy and the squared error; labels
* ``training``: `train`, and the loss of a network on any samples
* ``training_path``: what `train` returns
* ``accuracy``: which labels a network has right
* ``onnx_heads``: features and last layer of somebody else's network
* ``head_data``: trained heads that come with packages

Insides:

* ``forward_pass``: what the Hessian needs of it
* ``gradients``: the loss and its gradient
* ``parameter_vector``: all parameters as one vector
* ``optimisers``: step by step
* ``sample_weights``: which samples count, and how much
* ``network_files``: networks in files
* ``onnx_graphs``: where the last product of a graph is
* ``sklearn_estimators``: an estimator of scikit-learn as weights, biases and an activation
* ``torch_chains``: a module of PyTorch as weights, biases and activations
* ``torch_import``: PyTorch itself, where it is needed
* ``torch_steps``: the graph of a module, step by step
* ``text_images``: lines of text to be read
* ``kernels``: compiled
"""

"""The law of a trained Hessian: softmax regression at its optimum, without training anything."""

"""FLOPs of the U-Net against TensorFlow's own profiler."""

import pytest
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
from tensorflow.python.profiler import model_analyzer, option_builder

from tasks.networks.architectures.unet import make_unet
from tasks.networks.canvas_network import model_flops


def test_the_u_net_costs_what_the_profiler_counts(capfd):
    unet, shape = make_unet((8, 12, 16), 4, 2, seed=1), (3, 24, 16, 16)
    function = tf.function(unet).get_concrete_function(tf.TensorSpec(shape, tf.float32))
    graph = convert_variables_to_constants_v2(function).graph
    options = option_builder.ProfileOptionBuilder.float_operation()
    profile = model_analyzer.profile(graph, options=options)
    capfd.readouterr()
    # The profiler counts biases and pooling too, which are small beside the convolutions.
    assert model_flops(unet, shape) == pytest.approx(profile.total_float_ops, rel=0.02)
    assert model_flops(unet, shape) < profile.total_float_ops
